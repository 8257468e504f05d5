/** What is known about a mail is heard before what is wished for it, and never dropped. */
import { expect, test } from "vitest"
import type { Fate } from "../../sim/faults/faults.ts"
import { begin, campaignOn, play, until } from "../../sim/play.ts"
import type { SimWorld } from "../../sim/world/sim-world.ts"

const minute = 60_000

const only = (world: SimWorld) => {
  const [row] = world.durable.rows()
  if (row === undefined) throw new Error("There is no execution.")
  return row
}

/** A mail whose acceptances come late, on a storage that lends no row once the mail has left. */
const playLate = (
  fates: ReadonlyArray<Fate>,
  retry: { readonly attempts: number },
  scene: (world: SimWorld) => Promise<void>,
) => {
  const left = [...fates]
  const options = { storage: "shared", onUnknown: "resend", retry: { ...retry, baseMs: 1 } } as const
  const isLent = (world: SimWorld): boolean => (world.durable.rows()[0]?.context.attempt ?? 0) < fates.length
  return play(
    {
      ...options,
      faults: (world) => ({
        fate: () => left.shift() ?? "accepted",
        request: (method) => (method === "claimDue" && !isLent(world()) ? "requestLost" : "none"),
      }),
    },
    scene,
  )
}

test("a proof of delivery counts although a cancel waits before it", async () => {
  const world = await playLate(["acceptsLate"], { attempts: 1 }, async (late) => {
    await begin(late)
    const { runtime } = await campaignOn(late)
    await until(late, () => only(late).state === "sending.attempting", 10)
    const cancelled = runtime.executions.cancel(only(late).id)
    await late.time.sleep(10 * minute)
    await cancelled
  })
  expect(only(world)).toMatchObject({ state: "done", context: { outcome: "sent", delivery: "confirmed" } })
})

test("of several acceptances that come late each is in the history", async () => {
  const world = await playLate(["acceptsLate", "acceptsLate"], { attempts: 3 }, async (late) => {
    await begin(late)
    await late.time.sleep(10 * minute)
  })
  const heard = world.durable
    .history(only(world).id)
    .flatMap((event) => (event.type === "LATE_RECEIPT" ? [event.attempt] : []))
  expect(heard.toSorted()).toEqual([1, 2])
})
