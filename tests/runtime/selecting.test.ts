import { join } from "node:path"
import { sqlite } from "sendstate/storage/sqlite"
import { describe, expect, test } from "vitest"
import {
  accepted,
  acceptsAfter,
  crowd,
  door,
  failureOf,
  gone,
  hurry,
  lost,
  openCampaign,
  people,
  reaches,
  temporaryFolder,
} from "./world.ts"

const day = 86_400_000
const later = { steps: [{ template: "hello", after: "1 day" }] }

/** One mail sent, one failed, two in doubt, one failed with an attempt that may have arrived. */
const mixed = async () => {
  let mended = false
  const world = await openCampaign(
    {},
    {
      transport: {
        outcome: ({ to }, { attempt }) => {
          const [name] = to.address.split("@")
          if (mended || name === "sent") return accepted
          if (name === "failed") return gone
          return name === "burnt" && attempt > 1 ? gone : lost
        },
      },
    },
  )
  const { runtime, spring, executionOf } = world
  await spring.enroll(people("sent", "failed", "doubt", "other", "burnt"))
  await spring.settled()
  await runtime.executions.resolve((await executionOf("burnt")).id, "notSent")
  await spring.settled()
  return {
    ...world,
    all: runtime.executions.select({ campaignId: "spring" }),
    mend: () => {
      mended = true
    },
  }
}

describe("a preview", () => {
  test("tells what is there, and what each action would do and leave, and changes nothing", async () => {
    const { all, spring, executions } = await mixed()
    const before = await executions()
    const preview = await all.preview({ limit: 2 })
    expect(preview).toMatchObject({
      total: 5,
      byState: { sent: 1, failed: 2, inDoubt: 2 },
      actions: {
        cancel: { touches: 2, leaves: 3, why: { sent: 1, failed: 2 } },
        retry: { touches: 1, leaves: 4, why: { sent: 1, inDoubt: 2, mayHaveArrived: 1 } },
        reschedule: { touches: 0, leaves: 5, why: { sent: 1, failed: 2, inDoubt: 2 } },
        resend: { touches: 1, leaves: 4, why: { sent: 1, mayHaveArrived: 3 } },
      },
    })
    expect(preview.rows).toEqual(before.slice(0, 2))
    expect(await executions()).toEqual(before)
    // What it says of an action is what the action does.
    expect(await all.retry()).toMatchObject({ applied: 1, refused: 4, why: preview.actions.retry.why })
    await spring.settled()
  })

  test("goes by campaign, lead, state and error", async () => {
    const { runtime } = await mixed()
    const total = async (filter: Parameters<typeof runtime.executions.select>[0]) =>
      (await runtime.executions.select(filter).preview({ limit: 0 })).total
    expect(await total({ all: true })).toBe(5)
    expect(await total({ campaignId: "autumn" })).toBe(0)
    expect(await total({ leadId: "sent@example.test" })).toBe(1)
    expect(await total({ states: ["failed", "sent"] })).toBe(3)
    expect(await total({ error: "550" })).toBe(2)
    expect(await total({ error: "550", leadId: "failed@example.test" })).toBe(1)
  })

  test.each([
    ["nothing", {}],
    ["parts that are missing by mistake", { campaignId: undefined }],
    ["no state", { states: [] }],
    ["a state that does not exist", { states: ["asleep"] }],
    ["a part that does not exist", { campaignId: "spring", lead: "ann" }],
  ])("of a filter with %s is refused", async (_, filter) => {
    const { runtime } = await openCampaign()
    expect(() => runtime.executions.select(filter as { campaignId: string })).toThrow(
      expect.objectContaining({ _tag: "InvalidInput" }),
    )
  })

  test("with a limit that is none is refused", async () => {
    const { runtime } = await openCampaign()
    const { preview } = runtime.executions.select({ all: true })
    expect(await failureOf(preview({ limit: -1 }))).toMatchObject({ _tag: "InvalidInput" })
  })
})

describe("resend", () => {
  test("sends what failed, and leaves alone what was sent or may have been", async () => {
    const { all, mend, spring, inbox } = await mixed()
    const before = inbox.count
    mend()
    expect(await all.resend()).toEqual({
      applied: 1,
      requested: 0,
      refused: 4,
      missing: 0,
      why: { sent: 1, mayHaveArrived: 3 },
      mayHaveArrived: 0,
    })
    expect(await spring.settled()).toMatchObject({ sent: 2, failed: 1, inDoubt: 2, resent: 1 })
    expect(inbox.count).toBe(before + 1)
    expect(await all.resend()).toMatchObject({ applied: 0, refused: 5 })
    await spring.settled()
    expect(inbox.count).toBe(before + 1)
  })

  test("takes what may have arrived only with consent, counts it, and still refuses what was sent", async () => {
    const { all, mend, spring, inbox, runtime, executionOf } = await mixed()
    const before = inbox.sent.length
    mend()
    expect(await all.resend({ inDoubt: true })).toMatchObject({
      applied: 4,
      refused: 1,
      why: { sent: 1 },
      mayHaveArrived: 3,
    })
    expect(await spring.settled()).toMatchObject({ sent: 5, failed: 0, inDoubt: 0, resent: 4 })
    const again = inbox.sent.slice(before).map(({ message }) => message.to.address.split("@")[0])
    expect(again.sort()).toEqual(["burnt", "doubt", "failed", "other"])
    expect(await all.resend({ inDoubt: true })).toMatchObject({ applied: 0, refused: 5, why: { sent: 5 } })
    expect(await runtime.executions.resend((await executionOf("sent")).id, { inDoubt: true })).toBe("refused")
    expect(await runtime.executions.resend("nobody")).toBe("missing")
    await spring.settled()
    expect(inbox.sent).toHaveLength(before + 4)
  })

  test("gives what is in doubt and out of attempts a new budget", async () => {
    let answer: typeof accepted = lost
    const { spring, runtime, executionOf, inbox } = await openCampaign(
      { retry: { attempts: 1 } },
      { transport: { outcome: () => answer } },
    )
    await spring.enroll(people("ann"))
    await spring.close()
    await spring.settled()
    const { id } = await executionOf("ann")
    expect(await runtime.executions.resend(id)).toBe("refused")
    expect((await executionOf("ann")).state).toBe("sending.inDoubt")
    answer = accepted
    expect(await runtime.executions.resend(id, { inDoubt: true })).toBe("applied")
    expect(await spring.completed()).toMatchObject({ sent: 1, resent: 1, inDoubtTotal: 1 })
    expect(inbox.sent.map(({ message }) => message.messageId)).toHaveLength(2)
  })

  test("revives a campaign that was completed, and is refused in one that was cancelled", async () => {
    let answer: typeof accepted = gone
    const { spring, runtime } = await openCampaign({}, { transport: { outcome: () => answer } })
    await spring.enroll(people("ann", "bob"))
    await spring.close()
    expect(await spring.completed()).toMatchObject({ failed: 2 })
    answer = accepted
    const failed = runtime.executions.select({ campaignId: "spring", states: ["failed"] })
    expect(await failed.resend()).toMatchObject({ applied: 2 })
    expect(await spring.completed()).toMatchObject({ failed: 0, sent: 2 })

    answer = gone
    const autumn = await runtime.campaigns.create({
      from: "Ann <ann@acme.test>",
      id: "autumn",
      steps: [{ template: "hello" }],
    })
    await autumn.enroll(people("ann"))
    await autumn.settled()
    await autumn.cancel()
    const cancelled = runtime.executions.select({ campaignId: "autumn" })
    expect(await cancelled.resend()).toMatchObject({ applied: 0, refused: 1, why: { campaignCancelled: 1 } })
    expect((await cancelled.preview()).actions.retry.why).toEqual({ campaignCancelled: 1 })
  })
})

describe("cancel", () => {
  test("cancels what has not ended, does not wait for what is under way, and does nothing twice", async () => {
    const answer = door()
    const { spring, runtime, until, executionOf, inbox } = await openCampaign(
      {},
      {
        transport: {
          maxConcurrency: 1,
          ...acceptsAfter(answer),
        },
      },
    )
    await spring.enroll(people("ann", "bob", "cid"))
    await until(reaches("sending.attempting"))
    const all = runtime.executions.select({ campaignId: "spring" })
    // Those that wait for the one connection are held by the process, and give up at once.
    const first = await all.cancel()
    expect(first.applied + first.requested).toBe(3)
    expect(first.refused).toBe(0)
    while ((await spring.stats()).cancelled < 2) await new Promise(setImmediate)
    expect(await all.cancel()).toMatchObject({ requested: 1, refused: 2, why: { cancelled: 2 } })
    const flagged = (await Promise.all(["ann", "bob", "cid"].map(executionOf))).flatMap(({ flags }) => flags)
    expect(flagged).toHaveLength(1)
    answer.open()
    expect(await spring.settled()).toMatchObject({ sent: 1, cancelled: 2 })
    expect(await all.cancel()).toMatchObject({ applied: 0, requested: 0, refused: 3 })
    expect(inbox.count).toBe(1)
  })

  test("says how many of those cancelled may have arrived", async () => {
    const { all, spring } = await mixed()
    expect(await all.cancel()).toMatchObject({ applied: 2, refused: 3, mayHaveArrived: 2 })
    expect(await spring.stats()).toMatchObject({ cancelled: 2, inDoubt: 0 })
  })

  test("holds over a restart, for more than a page, and leaves the rest of the store alone", async () => {
    const storage = sqlite(join(temporaryFolder(), "store.db"))
    const world = await openCampaign(later, { storage })
    await world.spring.enroll(crowd(1_203))
    const autumn = await world.runtime.campaigns.create({ ...later, id: "autumn", from: "Ann <ann@acme.test>" })
    await autumn.enroll(people("ann"))
    const result = await world.runtime.executions.select({ campaignId: "spring", states: ["scheduled"] }).cancel()
    expect(result).toMatchObject({ applied: 1_203, refused: 0 })
    const again = await world.restart()
    await hurry(again.runtime)
    const spring = await again.runtime.campaigns.get("spring")
    await spring.close()
    expect(await spring.completed()).toMatchObject({ cancelled: 1_203, sent: 0 })
    await (await again.runtime.campaigns.get("autumn")).idle()
    expect(again.inbox.count).toBe(1)
  })

  test("ends at the next page when it is aborted, keeps what was done, and goes on when asked again", async () => {
    const { spring, runtime } = await openCampaign(later)
    await spring.enroll(crowd(1_100))
    const all = runtime.executions.select({ campaignId: "spring" })
    const abort = new AbortController()
    const events = runtime.events()
    const cancelling = all.cancel({ signal: abort.signal })
    for await (const event of events) if (event.type === "execution" && event.state === "cancelled") break
    abort.abort()
    expect(await failureOf(cancelling)).toMatchObject({ _tag: "Interrupted" })
    const { cancelled, scheduled } = await spring.stats()
    expect(cancelled).toBeGreaterThan(0)
    expect(scheduled).toBeGreaterThan(0)
    expect(await all.cancel()).toMatchObject({ applied: scheduled, refused: cancelled })
    expect(await spring.stats()).toMatchObject({ cancelled: 1_100, scheduled: 0 })
  })
})

describe("reschedule", () => {
  test("moves what waits to an instant, once", async () => {
    const { spring, runtime, executions } = await openCampaign(later)
    await spring.enroll(people("ann", "bob"))
    const all = runtime.executions.select({ campaignId: "spring" })
    const at = runtime.now() + 30 * day
    expect(await all.reschedule(at)).toMatchObject({ applied: 2, refused: 0 })
    expect(await all.reschedule(at)).toMatchObject({ applied: 0, refused: 2, why: { moved: 2 } })
    expect((await executions()).map(({ context }) => context.dueAt)).toEqual([at, at])
    expect(await all.reschedule(0)).toMatchObject({ applied: 2 })
    expect(await spring.idle()).toMatchObject({ sent: 2 })
    expect(await all.reschedule(at)).toMatchObject({ applied: 0, refused: 2, why: { sent: 2 } })
  })

  test("moves by a duration from when each is planned, and with the same `asOf` only what was not moved yet", async () => {
    const { spring, runtime, executionOf } = await openCampaign(later)
    await spring.enroll(people("ann"))
    await spring.enroll(people("bob"))
    const planned = { ann: (await executionOf("ann")).context.dueAt, bob: (await executionOf("bob")).context.dueAt }
    const due = async (name: string) => (await executionOf(name)).context.dueAt
    const asOf = runtime.now()
    const ann = runtime.executions.select({ leadId: "ann@example.test" })
    const all = runtime.executions.select({ campaignId: "spring" })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await ann.reschedule({ by: "2 days", asOf })).toMatchObject({ applied: 1 })
    // As after a call that was cut off when it had moved the first.
    expect(await all.reschedule({ by: "2 days", asOf })).toMatchObject({ applied: 1, refused: 1, why: { moved: 1 } })
    expect(await due("ann")).toBe((planned.ann ?? 0) + 2 * day)
    expect(await due("bob")).toBe((planned.bob ?? 0) + 2 * day)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await all.reschedule({ by: 1_000 })).toMatchObject({ applied: 2 })
    expect(await due("bob")).toBe((planned.bob ?? 0) + 2 * day + 1_000)
  })

  test.each([Number.NaN, -1, { by: "soon" }, { by: -1 }, { by: "1 day", asOf: -1 }])("to %o is refused", async (to) => {
    const { runtime } = await openCampaign()
    expect(await failureOf(runtime.executions.select({ all: true }).reschedule(to))).toMatchObject({
      _tag: "InvalidInput",
    })
  })
})
