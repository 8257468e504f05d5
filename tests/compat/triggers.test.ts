import { type CampaignTrigger, type CompatOptions, compat, createCompat, executionStorage } from "sendstate/compat"
import type { CampaignInput } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { ann, bob, configure, onEachStorage, until } from "./engine.ts"

const triggers: CompatOptions["triggers"] = [
  { type: "email", conditions: { emailSubject: "application", emailFrom: "@example.test", campaignId: "spring" } },
  { type: "lead_status", conditions: { leadStatus: "qualified", timeDelay: 30, campaignId: "spring" } },
  { type: "time", conditions: { timeDelay: 60, campaignId: "timed" } },
  { type: "manual", conditions: { campaignId: "spring" } },
]

const message = { id: "m1", from: "Ann <ANN@example.test>", subject: "My Application" }

onEachStorage((storage) => {
  test("an inbound mail that matches starts its campaign for its sender, once for each message", async () => {
    const { restart } = await configure(storage, { triggers })
    expect(await compat.receiveEmail(message)).toBe(1)
    expect(executionStorage.getByLead("ann")).toHaveLength(4)
    expect(await compat.receiveEmail(message)).toBe(0)
    // A trigger is known by what it says, not by its place.
    await restart({ triggers: [...triggers].reverse() })
    expect(await compat.receiveEmail(message)).toBe(0)
    expect(executionStorage.size()).toBe(4)
    await compat.receiveEmail({ ...message, id: "m2" })
    expect(executionStorage.size()).toBe(8)
  })

  test("another subject, another sender or a stranger starts nothing", async () => {
    const { warnings } = await configure(storage, { triggers })
    expect(await compat.receiveEmail({ ...message, subject: "Hello" })).toBe(0)
    expect(await compat.receiveEmail({ ...message, from: "ann@other.test", leadId: "ann" })).toBe(0)
    expect(await compat.receiveEmail({ ...message, from: "who@example.test" })).toBe(0)
    expect(warnings.join()).toContain("m1")
    expect(executionStorage.size()).toBe(0)
  })

  test("a change of status starts its campaign after the delay, once for each change", async () => {
    await configure(storage, { triggers: triggers.filter(({ type }) => type === "lead_status") })
    expect(await compat.leadChanged(ann)).toBe(0)
    const before = Date.now()
    expect(await compat.leadChanged({ ...ann, status: "qualified" })).toBe(1)
    expect(await compat.leadChanged({ ...ann, status: "qualified", name: "Ann B" })).toBe(0)
    const times = executionStorage.getByLead("ann").map(({ scheduledFor }) => scheduledFor.getTime())
    expect(Math.min(...times) - before).toBeGreaterThanOrEqual(30 * 60_000)
    expect(times).toHaveLength(4)
    await compat.leadChanged({ ...ann, status: "lost" })
    expect(await compat.leadChanged({ ...ann, status: "qualified" })).toBe(1)
    expect(executionStorage.size()).toBe(8)
  })

  test("a time trigger fires for a lead that is new, its delay later", async () => {
    await configure(storage, { triggers })
    await compat.campaigns.put({ id: "timed", settings: { touchSequence: [{ templateId: "hello" }] } })
    const before = Date.now()
    expect(await compat.leadChanged(bob)).toBe(1)
    expect(await compat.leadChanged({ ...bob, status: "other" })).toBe(0)
    const [execution] = executionStorage.getByCampaign("timed")
    expect((execution?.scheduledFor.getTime() ?? 0) - before).toBeGreaterThanOrEqual(3_600_000)
  })

  test("native campaigns hear of inbound mails and of new statuses, each once", async () => {
    const { restart } = await configure(storage, { triggers: [] })
    const native = async (id: string, more: Partial<CampaignInput>) =>
      (await compat.runtime()).campaigns.create({
        id,
        from: "Ann <ann@acme.test>",
        steps: [{ template: "hello", after: "1 day" }],
        ...more,
      })
    await native("drip", { exit: ["replied"] })
    await native("answer", { triggers: [{ mail: { subject: "application" } }] })
    await native("sales", { triggers: [{ status: "qualified" }], reentry: "always" })
    const drip = await (await compat.runtime()).campaigns.get("drip")
    await drip.enroll([{ id: "ann", email: "ann@example.test" }])
    const counts = async (id: string) => (await (await compat.runtime()).campaigns.get(id)).stats()

    await compat.receiveEmail(message)
    expect(await counts("drip")).toMatchObject({ cancelled: 1, scheduled: 0 })
    expect(await counts("answer")).toMatchObject({ planned: 1 })
    expect(executionStorage.getByLead("ann").map(({ campaignId }) => campaignId)).toContain("answer")
    await compat.leadChanged({ ...ann, status: "qualified" })
    await compat.leadChanged({ ...ann, status: "qualified" })
    expect(await counts("sales")).toMatchObject({ planned: 1 })
    await restart()
    await compat.receiveEmail(message)
    await compat.leadChanged({ ...ann, status: "qualified" })
    expect(await counts("answer")).toMatchObject({ planned: 1 })
    expect(await counts("sales")).toMatchObject({ planned: 1 })
    // Back to an earlier status is another change.
    await (await compat.runtime()).executions.select({ campaignId: "sales" }).cancel()
    await compat.leadChanged({ ...ann, status: "lost" })
    await compat.leadChanged({ ...ann, status: "qualified" })
    expect(await counts("sales")).toMatchObject({ planned: 2 })
  })

  test("of a host's lead native campaigns hear of the status, and no more of it is stored", async () => {
    const { warnings } = await configure(storage, {
      triggers: [],
      leads: { get: async () => ann, listUnassigned: async () => [], assign: async () => {} },
    })
    const runtime = await compat.runtime()
    const sales = await runtime.campaigns.create({
      id: "sales",
      from: "Ann <ann@acme.test>",
      steps: [{ template: "hello", after: "1 day" }],
      triggers: [{ status: "qualified" }],
    })
    await compat.leadChanged({ ...ann, status: "qualified" })
    await compat.leadChanged({ ...ann, status: "qualified" })
    expect(await sales.stats()).toMatchObject({ planned: 1 })
    expect(await runtime.leads.get("ann")).toEqual({
      id: "ann",
      email: "unknown@lead.invalid",
      status: "qualified",
    })
    expect(warnings).toEqual([])
  })

  test("a mail whose sender cannot be read starts what it did before, with a warning", async () => {
    const { warnings } = await configure(storage, {
      triggers: [{ type: "email", conditions: { campaignId: "spring" } }],
    })
    expect(await compat.receiveEmail({ id: "m9", from: "Ann", subject: "", leadId: "ann" })).toBe(1)
    expect(executionStorage.getByLead("ann")).toHaveLength(4)
    expect(warnings.join()).toContain("native campaigns of the message m9")
  })

  test("a trigger whose campaign is missing is a warning and holds up no other", async () => {
    const missing = { type: "email", conditions: { campaignId: "nowhere" } } as const
    const { warnings } = await configure(storage, { triggers: [missing, ...triggers] })
    expect(await compat.receiveEmail(message)).toBe(1)
    expect(warnings.join()).toContain("nowhere")
  })

  test("a mailbox is watched from start to stop; one that is not available is a warning", async () => {
    let watched: AbortSignal | undefined
    const first = await configure(storage, {
      triggers,
      mailbox: {
        watch: async (receive, signal) => {
          watched = signal
          await receive(message)
          throw new Error("mailbox is away")
        },
      },
    })
    await compat.campaignOrchestrator.start()
    await until(() => first.warnings.some((text) => text.includes("mailbox is away")))
    expect(compat.campaignOrchestrator.isRunning()).toBe(true)
    expect(executionStorage.getByLead("ann").length).toBe(4)
    await compat.campaignOrchestrator.stop()
    expect(watched?.aborted).toBe(true)
  })

  test("a mailbox that was not available is watched again; its end at stop is no warning", async () => {
    let tries = 0
    const { warnings } = await configure(storage, {
      triggers,
      mailbox: {
        watch: async (receive, signal) => {
          tries += 1
          if (tries === 1) throw new Error("mailbox is away")
          await receive(message)
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))))
        },
      },
    })
    await compat.campaignOrchestrator.start()
    await until(() => executionStorage.getByLead("ann").length === 4)
    await compat.campaignOrchestrator.stop()
    expect(tries).toBe(2)
    expect(warnings.filter((text) => text.includes("mailbox"))).toEqual([expect.stringContaining("mailbox is away")])
  })
})

test("triggers that could never start anything are refused, and say what is missing", () => {
  const create = (trigger: CampaignTrigger) => () => createCompat({ storage: memory(), triggers: [trigger] })
  expect(create({ type: "email", conditions: { emailSubject: "x" } })).toThrow(/triggers\.0: conditions\.campaignId/)
  expect(create({ type: "lead_status", conditions: { campaignId: "spring" } })).toThrow(/leadStatus/)
  expect(create({ type: "manual", conditions: {} })).not.toThrow()
})
