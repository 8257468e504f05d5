import type { SendOutcome } from "sendstate/sdk"
import { faultyStorage } from "sendstate/testing"
import { expect, test } from "vitest"
import { accepted, acceptsAfter, busy, crowd, door, gone, hears, lost, openCampaign, people, reaches } from "./world.ts"

/** A campaign whose one mail is under way until the test says how it ends. */
const underWay = async (outcome: SendOutcome) => {
  const answer = door()
  const world = await openCampaign(
    {},
    {
      transport: {
        outcome: async () => {
          await answer.opened
          return outcome
        },
      },
    },
  )
  await world.spring.enroll(people("ann"))
  await world.until(reaches("sending.attempting"))
  return { ...world, answer, ann: await world.executionOf("ann") }
}

test("a scheduled mail is cancelled, and never sent", async () => {
  const { spring, runtime, executionOf, inbox } = await openCampaign({
    steps: [{ template: "hello", after: "1 day" }],
  })
  await spring.enroll(people("ann"))
  const { id } = await executionOf("ann")
  expect(await runtime.executions.cancel(id)).toBe("cancelled")
  expect(await runtime.executions.reschedule(id, 0)).toBe("refused")
  await spring.close()
  expect(await spring.completed()).toMatchObject({ cancelled: 1, sent: 0, enrollments: { ended: 1 } })
  expect(inbox.count).toBe(0)
})

test("a mail that waits for a slot of the transport is cancelled at once", async () => {
  const answer = door()
  const { spring, runtime, until, executions, inbox } = await openCampaign(
    {},
    {
      transport: {
        maxConcurrency: 1,
        ...acceptsAfter(answer),
      },
    },
  )
  await spring.enroll(people("ann", "bob"))
  await until(reaches("sending.attempting"))
  const waiting = (await executions()).find(({ state }) => state === "scheduled")
  expect(await runtime.executions.cancel(waiting?.id ?? "")).toBe("cancelled")
  answer.open()
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, cancelled: 1 })
  expect(inbox.count).toBe(1)
})

test("a cancel during a send that is accepted answers too late", async () => {
  const { runtime, answer, ann, spring, until } = await underWay(accepted)
  const cancel = runtime.executions.cancel(ann.id)
  answer.open()
  expect(await cancel).toBe("tooLate")
  await until(reaches("done"))
  expect(await spring.settled()).toMatchObject({ sent: 1, cancelled: 0 })
})

test("a cancel during a send that is put off answers cancelled, and nothing more is tried", async () => {
  const { runtime, answer, ann, spring, inbox } = await underWay(busy)
  const cancel = runtime.executions.cancel(ann.id)
  answer.open()
  expect(await cancel).toBe("cancelled")
  expect(await spring.settled()).toMatchObject({ cancelled: 1, retrying: 0 })
  expect(inbox.count).toBe(0)
})

test("a cancel during a send that is refused for good answers cancelled", async () => {
  const { runtime, answer, ann, spring } = await underWay(gone)
  const cancel = runtime.executions.cancel(ann.id)
  answer.open()
  expect(await cancel).toBe("cancelled")
  expect(await spring.settled()).toMatchObject({ cancelled: 1, failed: 0 })
})

test("a cancel during a send whose outcome is never known answers in doubt", async () => {
  const { runtime, answer, ann, spring } = await underWay(lost)
  const cancel = runtime.executions.cancel(ann.id)
  answer.open()
  expect(await cancel).toBe("inDoubt")
  expect(await spring.settled()).toMatchObject({ cancelled: 1, inDoubt: 0, inDoubtTotal: 1 })
})

test("a mail that waits for its next try is cancelled", async () => {
  const { runtime, spring, until, executionOf, inbox } = await openCampaign(
    { retry: { base: "1 hour" } },
    { transport: { outcome: () => busy } },
  )
  await spring.enroll(people("ann"))
  await until(reaches("retrying"))
  expect(await runtime.executions.cancel((await executionOf("ann")).id)).toBe("cancelled")
  expect(await spring.settled()).toMatchObject({ cancelled: 1 })
  expect(inbox.count).toBe(0)
})

test("a mail in doubt is cancelled, and the answer says that it may have been delivered", async () => {
  const { runtime, spring, until, executionOf } = await openCampaign({}, { transport: { outcome: () => lost } })
  await spring.enroll(people("ann"))
  await until(reaches("sending.inDoubt"))
  const { id } = await executionOf("ann")
  expect(await runtime.executions.cancel(id)).toBe("inDoubt")
  expect(await runtime.executions.cancel(id)).toBe("inDoubt")
  expect((await runtime.explain(id)).summary).toContain("may have been delivered")
})

test("what has ended or does not exist cannot be cancelled", async () => {
  const { runtime, spring, until, executionOf } = await openCampaign()
  await spring.enroll(people("ann"))
  await until(reaches("done"))
  expect(await runtime.executions.cancel((await executionOf("ann")).id)).toBe("tooLate")
  expect(await runtime.executions.cancel("nobody")).toBe("missing")
})

test("after a campaign's cancel was answered nothing more reaches the transport", async () => {
  const { spring, inbox, runtime } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    { transport: { maxConcurrency: 4, latencyMs: 2 } },
  )
  await spring.enroll(crowd(1_300))
  expect(await spring.cancel()).toBe(true)
  const { sending } = await spring.stats()
  const reached = inbox.count
  const counts = await spring.settled()
  // Only what was under way may still arrive.
  expect(inbox.count - reached).toBeLessThanOrEqual(sending)
  expect(counts).toMatchObject({ scheduled: 0, rendering: 0, sending: 0, retrying: 0, enrollments: { active: 0 } })
  expect(counts.sent + counts.cancelled).toBe(counts.planned)
  expect(await spring.resume()).toBe(false)
  expect(await spring.cancel()).toBe(false)
  expect((await runtime.campaigns.get("spring")).status().state).toBe("cancelled")
})

test("what a send plans while its campaign is cancelled is cancelled too", async () => {
  const answer = door()
  const { spring, until } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    {
      transport: acceptsAfter(answer),
    },
  )
  await spring.enroll(people("ann"))
  await until(reaches("sending.attempting"))
  await spring.cancel()
  answer.open()
  await until((event) => event.type === "execution" && event.step === 1 && event.state === "cancelled")
  expect(await spring.settled()).toMatchObject({
    planned: 2,
    sent: 1,
    cancelled: 1,
    enrollments: { active: 0, ended: 1 },
  })
})

test("a cancel that a killed process left half done goes on after the restart", async () => {
  const storage = faultyStorage()
  const world = await openCampaign({ steps: [{ template: "hello", after: "1 day" }] }, { storage })
  await world.spring.enroll(crowd(30))
  const never = new Promise<never>(() => {})
  let signals = 0
  storage.fault = (method) => {
    if (method === "signal") signals += 1
    return method === "signal" && signals > 10 ? { wait: never } : undefined
  }
  void world.spring.cancel().catch(() => undefined)
  while (signals <= 10) await new Promise(setImmediate)
  storage.fault = () => undefined
  const again = await world.restart()
  const spring = await again.runtime.campaigns.get("spring")
  await again.until(hears("CANCEL"))
  expect(await spring.settled()).toMatchObject({ cancelled: 30, scheduled: 0, enrollments: { active: 0, ended: 30 } })
})

test("a failed mail of a cancelled campaign is not run again", async () => {
  const { spring, runtime, until, executionOf } = await openCampaign({}, { transport: { outcome: () => gone } })
  await spring.enroll(people("ann"))
  await until(reaches("done"))
  await spring.cancel()
  expect(await runtime.executions.retry((await executionOf("ann")).id)).toBe("refused")
  expect(await spring.settled()).toMatchObject({ failed: 1, cancelled: 0, enrollments: { active: 0, ended: 1 } })
})
