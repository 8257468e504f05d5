import { join } from "node:path"
import { type ControlCommand, openStore } from "sendstate"
import type { Storage } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { describe, expect, onTestFinished, test } from "vitest"
import {
  accepted,
  acceptsAfter,
  door,
  failureOf,
  gone,
  lost,
  openCampaign,
  openWorld,
  people,
  reaches,
  temporaryFolder,
} from "./world.ts"

const opened = async (storage: Storage) => {
  const store = await openStore(storage)
  onTestFinished(() => store.close())
  return store
}

const storages: ReadonlyArray<readonly [string, () => { readonly own: Storage; readonly other: Storage }]> = [
  [
    "memory",
    () => {
      const storage = memoryStorage()
      return { own: storage, other: storage }
    },
  ],
  [
    "sqlite",
    () => {
      const file = join(temporaryFolder(), "store.db")
      return { own: sqlite(file), other: sqlite(file) }
    },
  ],
]

describe.each(storages)("a second terminal on a %s store", (_, open) => {
  test("reads, pauses, resumes and cancels beside the running owner", async () => {
    const { own, other } = open()
    const { spring, inbox } = await openCampaign({ steps: [{ template: "hello", after: "1 day" }] }, { storage: own })
    await spring.enroll(people("ann", "bob"))
    const store = await opened(other)
    const rows = []
    for await (const row of store.executions({ campaignId: "spring" })) rows.push(row)
    expect(rows).toHaveLength(2)
    const [first, second] = rows
    const on = (action: "pause" | "resume" | "cancel") => store.control({ type: "campaign", id: "spring", action })
    expect(await on("pause")).toEqual({ type: "campaign", accepted: true, state: "paused" })
    expect(spring.status().state).toBe("paused")
    expect((await store.campaigns())[0]).toMatchObject({ id: "spring", state: "paused", counts: { scheduled: 2 } })
    expect(await on("resume")).toMatchObject({ accepted: true, state: "running" })
    expect(await on("resume")).toMatchObject({ accepted: false, state: "running" })
    expect(await store.control({ type: "cancel", ids: [first?.id ?? "", "nobody"] })).toEqual({
      type: "executions",
      answers: ["cancelled", "missing"],
    })
    expect(await store.control({ type: "reschedule", ids: [second?.id ?? ""], dueAt: 0 })).toMatchObject({
      answers: ["applied"],
    })
    await spring.settled()
    expect((await store.explain(second?.id ?? "")).summary).toContain("sent")
    expect(await on("cancel")).toMatchObject({ accepted: true, state: "cancelled" })
    expect(inbox.count).toBe(1)
    expect((await store.verify()).problems).toEqual([])
    expect(await store.addresses(rows.map(({ leadId }) => leadId))).toEqual(
      expect.arrayContaining(["ann@example.test", "bob@example.test"]),
    )
  })

  test("resolves doubt and runs failed mails again, also when nobody runs the store", async () => {
    const { own, other } = open()
    let answer: typeof accepted = accepted
    const outcome = ({ to }: { to: { address: string } }) => (to.address.startsWith("ann") ? lost : answer)
    answer = gone
    const world = await openCampaign({}, { storage: own, transport: { outcome } })
    await world.spring.enroll(people("ann", "bob"))
    await world.spring.close()
    await world.spring.settled()
    const ann = await world.executionOf("ann")
    const bob = await world.executionOf("bob")
    const store = await opened(other)
    expect(await store.control({ type: "retry", ids: [ann.id, bob.id], duplicate: false })).toMatchObject({
      answers: ["refused", "applied"],
    })
    await world.until(
      (event) => event.type === "execution" && event.executionId === bob.id && event.context.attempt === 2,
    )
    await world.spring.settled()
    await world.runtime.close()
    // Nobody runs it now: the command is carried out here.
    expect(await store.control({ type: "resolve", ids: [ann.id], verdict: "sent" })).toMatchObject({
      answers: ["applied"],
    })
    expect(await store.control({ type: "retry", ids: [bob.id], duplicate: false })).toMatchObject({
      answers: ["applied"],
    })
    expect(await store.control({ type: "campaign", id: "nowhere", action: "pause" })).toMatchObject({
      type: "failed",
      code: "campaign-missing",
    })
    expect((await store.execution(bob.id)).state).toBe("retrying")
    answer = accepted
    const again = await openWorld({ storage: own, transport: { outcome } })
    const spring = await again.runtime.campaigns.get("spring")
    expect(await spring.completed()).toMatchObject({ sent: 2, failed: 0, inDoubt: 0 })
  })
})

test("a cancel that waits for a send does not hold up another command", async () => {
  const answer = door()
  const storage = memoryStorage()
  const { spring, until, executionOf } = await openCampaign(
    {},
    {
      storage,
      transport: acceptsAfter(answer),
    },
  )
  await spring.enroll(people("ann"))
  await until(reaches("sending.attempting"))
  const store = await opened(storage)
  const order: string[] = []
  const cancel = store.control({ type: "cancel", ids: [(await executionOf("ann")).id] }).then((result) => {
    order.push("cancel")
    return result
  })
  while ((await executionOf("ann")).flags.length === 0) await new Promise(setImmediate)
  await store.control({ type: "campaign", id: "spring", action: "pause" })
  order.push("pause")
  answer.open()
  expect(await cancel).toEqual({ type: "executions", answers: ["tooLate"] })
  expect(order).toEqual(["pause", "cancel"])
})

test("requests that nobody waits for any more are not carried out, and removed; nonsense is answered", async () => {
  const storage = memoryStorage()
  const { spring } = await openCampaign({}, { storage })
  const driver = await storage.open({ mode: "observe", now: () => 0 })
  const command = { type: "campaign", id: "spring", action: "pause" } as const
  // More than a page of answers that nobody came for, and a wish of yesterday.
  await driver.writeDocuments(
    Array.from({ length: 150 }, (_, index) => ({
      kind: "control" as const,
      key: `a${index}`,
      value: { command, status: index === 0 ? "pending" : "answered", until: 1 },
    })),
  )
  await driver.writeDocuments([
    { kind: "control", key: "b", value: { command: { type: "dance" }, status: "pending", until: 1e15 } },
    { kind: "control", key: "c", value: { status: "pending", until: 1e15 } },
  ])
  const store = await opened(storage)
  const resume: ControlCommand = { type: "campaign", id: "spring", action: "resume" }
  expect(await store.control(resume)).toMatchObject({ accepted: false, state: "running" })
  expect(await store.control(resume)).toMatchObject({ accepted: false, state: "running" })
  const left = await driver.listDocuments("control", { limit: 1_000 })
  expect(left.map(({ key, value }) => [key, value.status])).toEqual([
    ["b", "answered"],
    ["c", "answered"],
  ])
  expect(spring.status().state).toBe("running")
})

test("a storage that cannot pass commands on says who owns it", async () => {
  const own = memoryStorage()
  const storage: Storage = { ...own, capabilities: { ...own.capabilities, control: false } }
  await openCampaign({}, { storage })
  const store = await opened(storage)
  expect(await failureOf(store.control({ type: "campaign", id: "spring", action: "pause" }))).toMatchObject({
    _tag: "StorageOwned",
    ownerPid: process.pid,
  })
})
