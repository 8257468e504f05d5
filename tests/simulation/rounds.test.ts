/** A campaign of two rounds, whose first mail is refused and run again by hand. */
import { expect, test } from "vitest"
import type { Fate } from "../../sim/faults/faults.ts"
import { begin, campaignOn, play, until } from "../../sim/play.ts"
import type { SimWorld } from "../../sim/world/sim-world.ts"

const minute = 60_000

/** Executions by round and step. */
const rowsOf = (world: SimWorld) =>
  world.durable
    .rows()
    .map((row) => ({ row, place: (row.context.round?.number ?? 0) * 1_000 + row.step }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ row }) => row)

const outcomes = (world: SimWorld) =>
  rowsOf(world).map(({ step, context }) => `round ${context.round?.number} step ${step} ${context.outcome}`)

const playRounds = (
  { steps, fates }: { readonly steps: number; readonly fates: ReadonlyArray<Fate | "accepted"> },
  scene: (world: SimWorld, runAgain: () => Promise<void>) => Promise<void>,
): Promise<SimWorld> => {
  const left = [...fates]
  const faults = () => ({ fate: () => left.shift() ?? "accepted" })
  return play({ steps, sequence: { rounds: 2 }, retry: { baseMs: 20 * minute }, faults }, async (world) => {
    await begin(world)
    const { runtime } = await campaignOn(world)
    await until(world, () => rowsOf(world).length === 2)
    await scene(world, async () => {
      expect(await runtime.executions.retry(rowsOf(world)[0]?.id ?? "")).toBe("applied")
    })
  })
}

test("a mail that is run again late brings no further round: the next one was planned when it failed", async () => {
  const world = await playRounds({ steps: 2, fates: ["gone"] }, async (world, runAgain) => {
    // The second round has begun by then, and waits for its second mail.
    await world.time.sleep(6 * minute)
    await runAgain()
    const { campaign } = await campaignOn(world)
    await campaign.close()
    await until(world, () => world.durable.campaignState("spring") === "completed")
  })
  expect(outcomes(world)).toEqual([
    "round 0 step 0 sent",
    "round 0 step 1 sent",
    "round 1 step 0 sent",
    "round 1 step 1 sent",
  ])
})

test("an enrollment does not end with a mail that was run again while a later round is under way", async () => {
  await playRounds({ steps: 1, fates: ["gone"] }, async (world, runAgain) => {
    await runAgain()
    await until(world, () => rowsOf(world)[0]?.state === "done")
    expect(outcomes(world)).toEqual(["round 0 step 0 sent", "round 1 step 0 null"])
    const { campaign } = await campaignOn(world)
    expect((await campaign.stats()).enrollments).toMatchObject({ active: 1, finished: 0 })
  })
})

test("nor when the mail that was run again is cancelled, alone or with others like it", async () => {
  for (const many of [false, true])
    await playRounds({ steps: 1, fates: ["gone", "busy"] }, async (world, runAgain) => {
      await runAgain()
      await until(world, () => rowsOf(world)[0]?.state === "retrying" && rowsOf(world)[0]?.context.attempt === 2)
      const { runtime, campaign } = await campaignOn(world)
      if (many) await runtime.executions.select({ states: ["retrying"] }).cancel()
      else await runtime.executions.cancel(rowsOf(world)[0]?.id ?? "")
      await until(world, () => rowsOf(world)[0]?.state === "cancelled", 10)
      expect(rowsOf(world)[1]?.state).toBe("scheduled")
      expect((await campaign.stats()).enrollments).toMatchObject({ active: 1, ended: 0 })
      await campaign.close()
      await until(world, () => world.durable.campaignState("spring") === "completed")
    })
})

test("a campaign does not complete while a mail that was run again waits for its next try", async () => {
  const world = await playRounds({ steps: 1, fates: ["gone", "busy"] }, async (world, runAgain) => {
    await runAgain()
    const { campaign } = await campaignOn(world)
    await campaign.close()
    await until(world, () => rowsOf(world)[1]?.state === "done")
    expect(rowsOf(world)[0]?.state).toBe("retrying")
    await until(world, () => world.durable.campaignState("spring") === "completed")
  })
  expect(outcomes(world)).toEqual(["round 0 step 0 sent", "round 1 step 0 sent"])
})
