import { join } from "node:path"
import { createRuntimeSync, type ScheduleInput } from "sendstate"
import { memory } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { expect, test } from "vitest"
import { busy, campaign, failureOf, openCampaign, openWorld, people, renderer, temporaryFolder } from "./world.ts"

const later = 4_000_000_000_000
const ann: ScheduleInput["lead"] = { id: "ann", email: "ann@example.test", name: "Ann Example" }

test("a scheduled mail is sent once at its time, and nothing follows it", async () => {
  const { spring, inbox, runtime } = await openCampaign({
    steps: [{ template: "hello" }, { template: "last", after: "1 ms" }],
  })
  const id = await spring.schedule({ lead: ann, template: "nudge", at: new Date(0) })
  await spring.settled()
  expect(inbox.sent.map(({ message }) => message.subject)).toEqual(["Nudge ann@example.test"])
  expect((await runtime.executions.get(id)).state).toBe("done")
  expect(await spring.stats()).toMatchObject({ planned: 1, sent: 1, enrollments: { finished: 1, active: 0 } })
})

test("the same lead and template twice are two mails; the same id twice is one", async () => {
  const { spring, inbox } = await openCampaign({ steps: [] })
  const mail = { lead: ann, template: "hello" }
  const ids = [await spring.schedule(mail), await spring.schedule(mail)]
  expect(new Set(ids).size).toBe(2)
  const named = [await spring.schedule({ ...mail, id: "mail-1" }), await spring.schedule({ ...mail, id: "mail-1" })]
  expect(named).toEqual(["mail-1", "mail-1"])
  await spring.settled()
  expect(inbox.count).toBe(3)
})

test("an id names one mail of one lead: another lead or campaign under it is refused", async () => {
  const { spring, runtime } = await openCampaign({ steps: [] })
  await spring.schedule({ lead: ann, template: "hello", id: "mail-1", at: later })
  expect(
    await failureOf(spring.schedule({ lead: people("bob")[0] ?? ann, template: "hello", id: "mail-1" })),
  ).toMatchObject({
    _tag: "Conflict",
    code: "execution-exists",
  })
  const other = await runtime.campaigns.create(campaign({ id: "other", steps: [] }))
  expect(await failureOf(other.schedule({ lead: ann, template: "hello", id: "mail-1" }))).toMatchObject({
    code: "execution-exists",
  })
  expect(await failureOf(spring.schedule({ lead: ann, template: "hello", id: "no spaces" }))).toMatchObject({
    _tag: "InvalidInput",
  })
})

test("a template that does not exist is refused at once by name, and fails its own mail as the latest version", async () => {
  const { spring, runtime } = await openCampaign({ steps: [] })
  expect(await failureOf(spring.schedule({ lead: ann, template: "nowhere" }))).toMatchObject({ _tag: "NotFound" })
  const id = await spring.schedule({ lead: ann, template: { latest: "nowhere" } })
  const good = await spring.schedule({ lead: ann, template: { latest: "hello" } })
  expect(await spring.settled()).toMatchObject({ sent: 1, failed: 1 })
  expect((await runtime.executions.get(id)).context.reason?.code).toBe("template-missing")
  expect(spring.status().state).toBe("running")
  expect(await runtime.templateName(await runtime.executions.get(good))).toBe("hello")
})

test("what was scheduled is there after a restart, under the same id", async () => {
  const world = await openCampaign({ steps: [] }, { storage: sqlite(join(temporaryFolder(), "spring.db")) })
  const id = await world.spring.schedule({ lead: ann, template: "hello", at: later })
  const again = await world.restart()
  expect(await again.runtime.executions.get(id)).toMatchObject({ state: "scheduled", scheduledFor: later })
  expect(await again.runtime.executions.reschedule(id, 0)).toBe("applied")
  await (await again.runtime.campaigns.get("spring")).settled()
  expect(again.inbox.count).toBe(1)
})

test("an execution that waits can be run now; one that has ended cannot", async () => {
  const { spring, runtime } = await openCampaign(
    { steps: [] },
    { transport: { outcome: (_, { attempt }) => (attempt === 1 ? busy : { type: "accepted" }) } },
  )
  const id = await spring.schedule({ lead: ann, template: "hello", at: later })
  expect(await runtime.executions.runNow(id)).toBe("applied")
  expect(await runtime.executions.get(id)).toMatchObject({ state: "retrying", context: { attempt: 1 } })
  expect(await runtime.executions.runNow(id)).toBe("applied")
  expect(await runtime.executions.get(id)).toMatchObject({ state: "done", context: { outcome: "sent" } })
  expect(await runtime.executions.runNow(id)).toBe("refused")
  expect(await runtime.executions.runNow("nobody")).toBe("missing")
})

test("a runtime in standby sends nothing but what is run by hand, until it leaves standby", async () => {
  const { spring, runtime, inbox } = await openCampaign({ steps: [] }, { standby: true })
  const first = await spring.schedule({ lead: ann, template: "hello" })
  const second = await spring.schedule({ lead: ann, template: "nudge", at: later })
  expect(await runtime.executions.runNow(second)).toBe("applied")
  expect(inbox.sent.map(({ message }) => message.subject)).toEqual(["Nudge ann@example.test"])
  expect((await runtime.executions.get(first)).state).toBe("scheduled")
  await runtime.leaveStandby()
  await spring.settled()
  expect(inbox.count).toBe(2)
})

test("the host's own lead directory is asked before each attempt", async () => {
  const asked: Array<string> = []
  const { spring, inbox, runtime } = await openCampaign(
    { steps: [], retry: { base: "1 ms", jitter: 0, attempts: 3 } },
    {
      leadOf: async (id) => {
        asked.push(id)
        if (id === "flaky" && asked.filter((one) => one === id).length === 1) throw new Error("database is away")
        return id === "gone" ? undefined : { email: `${id}.now@example.test` }
      },
    },
  )
  await spring.schedule({ lead: ann, template: "hello" })
  const flaky = await spring.schedule({ lead: { id: "flaky", email: "old@example.test" }, template: "hello" })
  const gone = await spring.schedule({ lead: { id: "gone", email: "gone@example.test" }, template: "hello" })
  await spring.settled()
  expect(inbox.sent.map(({ message }) => message.to.address).sort()).toEqual([
    "ann.now@example.test",
    "flaky.now@example.test",
  ])
  expect(await runtime.executions.get(flaky)).toMatchObject({ context: { attempt: 2, outcome: "sent" } })
  expect(await runtime.executions.get(gone)).toMatchObject({ context: { outcome: "suppressed" } })
})

test("leads and settings are read back as they were put", async () => {
  const { runtime } = await openWorld()
  expect(await runtime.leads.get("ann")).toBeUndefined()
  await runtime.leads.put({ ...ann, status: "new" })
  expect(await runtime.leads.get("ann")).toMatchObject({ email: "ann@example.test", status: "new" })
  await runtime.settings.put([
    { key: "a/1", value: { n: 1 } },
    { key: "a/2", value: { n: 2 } },
    { key: "b/1", value: {} },
  ])
  expect((await runtime.settings.list("a/")).map(({ value }) => value)).toEqual([{ n: 1 }, { n: 2 }])
  await runtime.settings.put([{ key: "a/1", value: null }])
  expect(await runtime.settings.get("a/1")).toBeUndefined()
  expect(() => runtime.now()).not.toThrow()
})

test("the change log tells everything that happened, from where one stopped reading", async () => {
  const { spring, runtime } = await openCampaign({ steps: [] })
  const id = await spring.schedule({ lead: ann, template: "hello", at: later })
  const first = await runtime.changes(0)
  expect(first.entries.map(({ executionId, events }) => [executionId, events[0]?.type])).toEqual([[id, "SCHEDULED"]])
  expect(await runtime.endOfChanges()).toBe(first.next)
  await runtime.executions.cancel(id)
  const second = await runtime.changes(first.next)
  expect(second.entries.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(["CANCEL"])
})

test.each([
  ["memory", () => memory()],
  ["sqlite", () => sqlite(join(temporaryFolder(), "sync.db"))],
])("on %s everything can be done on the caller's stack, opening included", async (_, storage) => {
  const transport = (await import("sendstate/transport/memory")).memory()
  const runtime = createRuntimeSync({ storage: storage(), transport, renderer: renderer() })
  const { sync } = runtime
  sync.create(campaign({ steps: [] }))
  sync.putLead(ann)
  const [kept = "", cancelled = "", due = ""] = sync.scheduleAll("spring", [
    { lead: ann, template: { latest: "hello" }, at: later },
    { lead: ann, template: { latest: "hello" }, at: later },
    { lead: ann, template: { latest: "nudge" } },
  ])
  expect(sync.find([kept, "nobody"]).map((row) => row?.state)).toEqual(["scheduled", undefined])
  expect(sync.list({ campaignId: "spring" })).toHaveLength(3)
  expect(sync.cancel(cancelled, { by: "campaign" })).toBe("cancelled")
  expect(sync.cancel("nobody")).toBe("missing")
  expect(sync.reschedule(kept, later + 1)).toBe("applied")
  expect(sync.retry(kept)).toBe("refused")
  expect(sync.find([kept])[0]?.scheduledFor).toBe(later + 1)
  expect(sync.counts("spring")).toMatchObject({ planned: 3, cancelled: 1 })
  expect(sync.changes(0).entries.length).toBe(5)
  const spring = await runtime.campaigns.get("spring")
  expect(await spring.idle()).toMatchObject({ sent: 1, scheduled: 1 })
  expect(sync.find([due])[0]?.state).toBe("done")
  // The campaign's actor works on as always: its mailbox and its pump were left running.
  await spring.schedule({ lead: ann, template: "last" })
  expect(await spring.idle()).toMatchObject({ sent: 2 })
  sync.putSettings([{ key: "k", value: { a: 1 } }])
  expect(sync.setting("k")).toEqual({ a: 1 })
  await runtime.close()
  expect(() => sync.list()).toThrow(/closed/)
})

test("a storage that answers with Promises refuses what is synchronous, and names the twin", async () => {
  const plain = memory()
  const { runtime } = await openWorld({
    storage: { ...plain, name: "slow", capabilities: { ...plain.capabilities, sync: false } },
  })
  expect(() => runtime.sync.cancel("x")).toThrow(
    expect.objectContaining({ code: "not-synchronous", message: expect.stringContaining("runtime.executions.cancel") }),
  )
})
