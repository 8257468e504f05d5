import { type FaultyStorage, faultyStorage, storageError } from "sendstate/testing"
import { expect, test } from "vitest"
import { crowd, door, failureOf, hears, openCampaign, people, reaches } from "./world.ts"

const intents = (args: ReadonlyArray<unknown>): boolean =>
  (args[0] as ReadonlyArray<{ intent: unknown }>).some(({ intent }) => intent !== null)
const receipts = (args: ReadonlyArray<unknown>): boolean =>
  (args[0] as ReadonlyArray<{ receipt: boolean }>).some(({ receipt }) => receipt)

/** Fails these calls so many times. */
const failing = (
  storage: FaultyStorage,
  times: number,
  fails: (method: string, args: ReadonlyArray<unknown>) => boolean,
  fault: ReturnType<FaultyStorage["fault"]>,
): { readonly left: () => number } => {
  let left = times
  storage.fault = (method, args) => {
    if (left === 0 || !fails(method, args)) return undefined
    left -= 1
    return fault
  }
  return { left: () => left }
}

test("a full storage degrades the campaign; nothing is lost, and resume goes on", async () => {
  const storage = faultyStorage()
  const { spring, until, inbox } = await openCampaign({}, { storage })
  failing(storage, 1, (method, args) => method === "commit" && intents(args), { before: storageError("full") })
  await spring.enroll(crowd(20))
  await until((event) => event.type === "campaign" && event.state === "degraded")
  expect(spring.status()).toMatchObject({ state: "degraded", cause: expect.stringContaining("full") })
  await spring.settled()
  expect(await spring.resume()).toBe(true)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 20, sent: 20, inDoubtTotal: 0, failed: 0 })
  expect(inbox.count).toBe(20)
})

test("an intent whose answer was lost is read again: it is sent once, without doubt", async () => {
  const storage = faultyStorage()
  const { spring, inbox } = await openCampaign({}, { storage })
  failing(storage, 1, (method, args) => method === "commit" && intents(args), {
    after: storageError("unavailable", true),
  })
  await spring.enroll(crowd(10))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 10, inDoubtTotal: 0 })
  expect(inbox.count).toBe(10)
})

test("an intent whose answer was lost is read again until the storage can be read", async () => {
  const storage = faultyStorage()
  const { spring, inbox } = await openCampaign({}, { storage })
  let lost = false
  let unreadable = 3
  storage.fault = (method, args) => {
    if (method === "commit" && !lost && intents(args)) {
      lost = true
      return { after: storageError("unavailable", true) }
    }
    if (method === "get" && lost && unreadable > 0) {
      unreadable -= 1
      return { before: storageError("unavailable") }
    }
    return undefined
  }
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, inDoubtTotal: 0 })
  expect(inbox.count).toBe(1)
})

test("a receipt that cannot be stored is stored later: nothing in doubt, nothing sent twice", async () => {
  const storage = faultyStorage()
  const { spring, inbox } = await openCampaign({}, { storage })
  failing(storage, 3, (method, args) => method === "commit" && receipts(args), { before: storageError("unavailable") })
  await spring.enroll(crowd(10))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 10, inDoubtTotal: 0, resent: 0 })
  expect(inbox.count).toBe(10)
})

test("a receipt that finds the storage full degrades the campaign while it waits for space", async () => {
  const storage = faultyStorage()
  const { spring, until, inbox } = await openCampaign({}, { storage })
  let full = true
  storage.fault = (method, args) =>
    full && method === "commit" && receipts(args) ? { before: storageError("full") } : undefined
  await spring.enroll(people("ann"))
  await until((event) => event.type === "campaign" && event.state === "degraded")
  full = false
  await until(reaches("done"))
  await spring.resume()
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, inDoubtTotal: 0 })
  expect(inbox.count).toBe(1)
})

test("a receipt whose answer was lost is counted once, and listeners hear of it", async () => {
  const storage = faultyStorage()
  const { spring, inbox, events, executionOf, runtime } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    { storage },
  )
  failing(storage, 1, (method, args) => method === "commit" && receipts(args), {
    after: storageError("unavailable", true),
  })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 2, inDoubtTotal: 0 })
  expect(inbox.count).toBe(2)
  expect(events.filter(hears("ACCEPTED"))).toHaveLength(2)
  const { history } = await runtime.explain((await executionOf("ann")).id)
  expect(history.filter(({ type }) => type === "ACCEPTED")).toHaveLength(1)
})

test("enrolling that failed with an unknown outcome is simply repeated", async () => {
  const storage = faultyStorage()
  const { spring, inbox } = await openCampaign({}, { storage })
  failing(storage, 1, (method) => method === "enroll", { after: storageError("unavailable", true) })
  expect(await failureOf(spring.enroll(crowd(5)))).toMatchObject({ _tag: "StorageError", indeterminate: true })
  expect(await spring.enroll(crowd(5))).toMatchObject({ enrolled: 0, duplicates: 5 })
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 5 })
  expect(inbox.count).toBe(5)
})

test("leads stored into a completed campaign with an unknown outcome are sent all the same", async () => {
  const storage = faultyStorage()
  const { spring, inbox } = await openCampaign({}, { storage })
  await spring.enroll(people("ann"))
  await spring.close()
  await spring.completed()
  failing(storage, 1, (method) => method === "enroll", { after: storageError("unavailable", true) })
  await failureOf(spring.enroll(people("bob")))
  await spring.enroll(people("bob"))
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 2, enrollments: { active: 0 } })
  expect(inbox.count).toBe(2)
})

test("leads stored into a completed campaign by a process that died then are sent after the restart", async () => {
  const storage = faultyStorage()
  const world = await openCampaign({}, { storage })
  await world.spring.enroll(people("ann"))
  await world.spring.close()
  await world.spring.completed()
  failing(storage, 1, (method) => method === "enroll", { after: storageError("unavailable", true) })
  await failureOf(world.spring.enroll(people("bob")))
  storage.fault = () => undefined
  const again = await world.restart()
  const spring = await again.runtime.campaigns.get("spring")
  await spring.settled()
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 2 })
  expect(world.inbox.count).toBe(2)
})

test("a pause whose answer was lost holds, and the campaign can still be controlled", async () => {
  const storage = faultyStorage()
  const { spring } = await openCampaign({}, { storage })
  failing(storage, 1, (method) => method === "writeDocuments", { after: storageError("unavailable", true) })
  expect(await spring.pause()).toBe(true)
  expect(spring.status().state).toBe("paused")
  expect(await spring.resume()).toBe(true)
  failing(storage, 1, (method) => method === "writeDocuments", { before: storageError("unavailable", true) })
  expect(await failureOf(spring.pause())).toMatchObject({ _tag: "StorageError" })
  expect(spring.status().state).toBe("running")
  expect(await spring.pause()).toBe(true)
})

test("rows that were claimed when the storage failed are worked on later", async () => {
  const storage = faultyStorage()
  const { spring, inbox } = await openCampaign({}, { storage })
  failing(storage, 2, (method, args) => method === "documents" && args[0] === "lead", {
    before: storageError("unavailable"),
  })
  await spring.enroll(crowd(5))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 5 })
  expect(inbox.count).toBe(5)
})

test("a driver that breaks its contract when claiming does not end the campaign", async () => {
  const storage = faultyStorage()
  const { spring, runtime } = await openCampaign({}, { storage })
  failing(storage, 2, (method) => method === "claimDue", { nonsense: undefined })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1 })
  expect((await runtime.health()).problems[0]?.text).toContain("pump")
})

test("a slow storage sends everything once", async () => {
  const storage = faultyStorage()
  storage.fault = () => ({ waitAfter: new Promise(setImmediate) })
  const { spring, inbox } = await openCampaign({ steps: [{ template: "hello" }, { template: "nudge" }] }, { storage })
  await spring.enroll(crowd(40))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 80, sent: 80, inDoubtTotal: 0 })
  expect(inbox.count).toBe(80)
})

test("evidence that comes while the storage fails is not thrown away", async () => {
  const storage = faultyStorage()
  const answer = door()
  const { spring, until, executionOf } = await openCampaign(
    {},
    {
      storage,
      transport: {
        deadlineMs: 50,
        outcome: async () => {
          await answer.opened
          return { type: "accepted" }
        },
      },
    },
  )
  await spring.enroll(people("ann"))
  await until(reaches("sending.inDoubt"))
  failing(storage, 2, (method) => method === "signal", { before: storageError("unavailable") })
  answer.open()
  await until(hears("LATE_RECEIPT"))
  expect((await executionOf("ann")).context).toMatchObject({ outcome: "sent", delivery: "confirmed" })
})
