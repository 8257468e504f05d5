import { join } from "node:path"
import { createRuntimeSync, type Runtime, type ScheduleInput } from "sendstate"
import type { Storage } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { type MemoryTransport, memory as memoryTransport } from "sendstate/transport/memory"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { campaign, renderer, temporaryFolder } from "./world.ts"

const later = 4_000_000_000_000

const mails = (count: number, at: number | undefined, name = "reader"): ReadonlyArray<ScheduleInput> =>
  Array.from({ length: count }, (_, index) => ({
    lead: { id: `${name}-${index}`, email: `${name}-${index}@example.test` },
    template: { latest: "hello" },
    at,
  }))

const open = (storage: Storage, standby = true): { runtime: Runtime; inbox: MemoryTransport } => {
  const inbox = memoryTransport()
  const runtime = createRuntimeSync({ storage, transport: inbox, renderer: renderer(), standby })
  onTestFinished(() => runtime.close({ deadlineMs: 0 }))
  for (const id of ["spring", "winter"]) runtime.sync.create(campaign({ id, steps: [] }))
  return { runtime, inbox }
}

const statesOf = (runtime: Runtime, ids: ReadonlyArray<string>) =>
  new Set(runtime.sync.find(ids).map((row) => row?.state))

const settled = async (runtime: Runtime): Promise<void> => {
  for (const id of ["spring", "winter"]) await (await runtime.campaigns.get(id)).settled()
}

describe.each([
  ["memory", () => memoryStorage()],
  ["sqlite", () => sqlite(join(temporaryFolder(), "all.db"))],
])("cancelling a whole campaign at once on %s", (_, storage) => {
  test("sends nothing of what waited, though the rows are written later, and leaves the others alone", async () => {
    const { runtime, inbox } = open(storage())
    const ids = runtime.sync.scheduleAll("spring", mails(1_200, undefined))
    const others = runtime.sync.scheduleAll("winter", mails(2, undefined, "other"))
    expect(runtime.sync.cancelAll({ campaignId: "spring" })).toEqual([])
    const rows = runtime.sync.find(ids)
    expect(rows.every((row) => row?.state === "scheduled" && runtime.sync.isCancelled(row))).toBe(true)
    await runtime.leaveStandby()
    await settled(runtime)
    expect(statesOf(runtime, ids)).toEqual(new Set(["cancelled"]))
    expect(runtime.sync.explain(ids[0] ?? "").history.at(-1)?.event).toMatchObject({ type: "CANCEL", by: "campaign" })
    expect(inbox.sent.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual([...others].sort())
    await vi.waitFor(() => expect(runtime.sync.settings("sendstate/")).toEqual([]))
  })

  test("holds for one lead too, in all campaigns", async () => {
    const { runtime, inbox } = open(storage())
    const [mail] = mails(1, undefined, "ann")
    if (mail === undefined) throw new Error("there is a mail")
    const ids = ["spring", "winter"].flatMap((id) => runtime.sync.scheduleAll(id, [mail]))
    runtime.sync.scheduleAll("spring", mails(3, undefined))
    runtime.sync.cancelAll({ leadId: "ann-0" })
    await runtime.leaveStandby()
    await settled(runtime)
    expect(statesOf(runtime, ids)).toEqual(new Set(["cancelled"]))
    expect(inbox.count).toBe(3)
  })

  test("lets whatever is asked afterwards win: a new mail, and one that is moved", async () => {
    const { runtime, inbox } = open(storage())
    const [moved = "", cancelled = ""] = runtime.sync.scheduleAll("spring", mails(2, undefined))
    runtime.sync.cancelAll({ campaignId: "spring" })
    expect(runtime.sync.reschedule(moved, 1)).toBe("applied")
    const added = runtime.sync.scheduleAll("spring", mails(1, undefined, "late"))
    await runtime.leaveStandby()
    await settled(runtime)
    expect(inbox.sent.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual([moved, ...added].sort())
    expect(statesOf(runtime, [cancelled])).toEqual(new Set(["cancelled"]))
  })

  test("leaves what is being sent alone, and says so", async () => {
    const inbox = memoryTransport({ latencyMs: 50 })
    const runtime = createRuntimeSync({ storage: storage(), transport: inbox, renderer: renderer() })
    onTestFinished(() => runtime.close({ deadlineMs: 0 }))
    for (const id of ["spring", "winter"]) runtime.sync.create(campaign({ id, steps: [] }))
    const [sending = ""] = runtime.sync.scheduleAll("spring", mails(1, undefined))
    const waiting = runtime.sync.scheduleAll("spring", mails(1, later, "late"))
    for await (const event of runtime.events())
      if (event.type === "execution" && event.executionId === sending && event.state === "sending.attempting") break
    expect(runtime.sync.cancelAll({ campaignId: "spring" })).toEqual([sending])
    await settled(runtime)
    expect(inbox.count).toBe(1)
    expect(statesOf(runtime, waiting)).toEqual(new Set(["cancelled"]))
  })
})

test("a process that ended in the middle of it goes on when it is started again, and sends none of them", async () => {
  const folder = temporaryFolder()
  const before = open(sqlite(join(folder, "all.db")))
  const ids = before.runtime.sync.scheduleAll("spring", mails(1_200, undefined))
  before.runtime.sync.cancelAll({ campaignId: "spring" })
  await before.runtime.close({ deadlineMs: 0 })
  const after = open(sqlite(join(folder, "all.db")), false)
  const unwritten = after.runtime.sync.find(ids).filter((row) => row?.state === "scheduled")
  expect(unwritten.length).toBeGreaterThan(0)
  await settled(after.runtime)
  expect(statesOf(after.runtime, ids)).toEqual(new Set(["cancelled"]))
  expect([before.inbox.count, after.inbox.count]).toEqual([0, 0])
})
