import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempDisposable } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import {
  type CampaignTrigger,
  type CompatOptions,
  compat,
  createCompat,
  executionStorage,
  type HostCampaign,
} from "sendstate/compat"
import type { CampaignInput } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { expect, test } from "vitest"
import { ann, bob, configure, onEachStorage, until } from "./engine.ts"

const triggers: CompatOptions["triggers"] = [
  { type: "email", conditions: { emailSubject: "application", emailFrom: "@example.test", campaignId: "spring" } },
  { type: "lead_status", conditions: { leadStatus: "qualified", timeDelay: 30, campaignId: "spring" } },
  { type: "time", conditions: { timeDelay: 60, campaignId: "timed" } },
  { type: "manual", conditions: { campaignId: "spring" } },
]

const everyMail: CampaignTrigger = { type: "email", conditions: { campaignId: "spring" } }

const message = { id: "m1", from: "Ann <ANN@example.test>", subject: "My Application" }

onEachStorage((storage) => {
  test("an inbound mail that matches starts its campaign for its sender, once for each message", async () => {
    const { restart } = await configure(storage, { triggers: [...triggers, ...triggers] })
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

  test("a time trigger with a status fires for who is new with it, and for nobody who has it later", async () => {
    const timed: CampaignTrigger = { type: "time", conditions: { leadStatus: "new", campaignId: "spring" } }
    await configure(storage, { triggers: [timed] })
    const metadata = { status: "new" }
    expect(await compat.leadChanged({ ...ann, status: "other", metadata })).toBe(0)
    expect(await compat.leadChanged({ ...ann, status: "new" })).toBe(0)
    expect(await compat.leadChanged(bob)).toBe(1)
    expect(await compat.leadChanged({ id: "cyd", email: "cyd@example.test" })).toBe(0)
    expect(await compat.leadChanged({ id: "cyd", email: "cyd@example.test", status: "new" })).toBe(0)
  })

  test("a status that is stored by itself starts its campaign too, which is noted with the lead", async () => {
    await configure(storage, { triggers })
    expect(await compat.leads.put({ ...ann, status: "qualified" })).toBe(1)
    expect(await compat.leads.get("ann")).toMatchObject({ status: "qualified", campaignId: "spring" })
    expect(await compat.leads.put({ ...ann, status: "qualified" })).toBe(0)
  })

  test("a person who is forgotten is in none of what triggers keep", async () => {
    await configure(storage, {
      triggers,
      leads: { get: async () => ann, listUnassigned: async () => [], assign: async () => {} },
      campaigns: { get: () => Promise.reject(new Error("database is away")), list: async () => [] },
    })
    const runtime = await compat.runtime()
    await compat.receiveEmail({ ...message, leadId: "ann" })
    await compat.leadChanged({ ...ann, status: "qualified" })
    await runtime.forgetLead("ann")
    expect(await runtime.leads.get("ann")).toBeUndefined()
    expect(JSON.stringify(await runtime.settings.list(""))).not.toMatch(/ann\b/i)
    // Who is heard of again is new.
    expect((await runtime.signal({ lead: "ann", event: "lead.known", id: "compat/lead-known" })).isNew).toBe(true)
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
    await compat.leadChanged({ ...ann, status: null })
    expect(await runtime.leads.get("ann")).toEqual({ id: "ann", email: "unknown@lead.invalid" })
  })

  test("a mail of a host's lead starts its campaign, and no more than the lead's id is stored", async () => {
    const findByEmail = async (address: string) => (address === ann.email ? ann : undefined)
    await configure(storage, {
      triggers,
      leads: { get: async () => ann, findByEmail, listUnassigned: async () => [], assign: async () => {} },
    })
    expect(await compat.receiveEmail(message)).toBe(1)
    expect(await compat.receiveEmail({ ...message, id: "m2", from: "who@example.test" })).toBe(0)
    expect(executionStorage.getByLead("ann")).toHaveLength(4)
    const { leads } = await compat.runtime()
    expect(await leads.get("ann")).toEqual({ id: "ann", email: "unknown@lead.invalid" })
    expect(await leads.get("who@example.test")).toBeUndefined()
  })

  test("a mail whose sender cannot be read starts what it did before, where its lead is given", async () => {
    const { warnings } = await configure(storage, { triggers: [everyMail] })
    expect(await compat.receiveEmail({ id: "m9", from: "Ann", subject: "", leadId: "ann" })).toBe(1)
    expect(executionStorage.getByLead("ann")).toHaveLength(4)
    expect(warnings).toEqual([])
    expect(await compat.receiveEmail({ id: "m10", from: "Ann", subject: "" })).toBe(0)
    expect(warnings.join()).toContain("m10")
  })

  test("mail that a program wrote starts nothing", async () => {
    const { warnings } = await configure(storage, { triggers: [everyMail] })
    const away = { ...message, headers: { "Auto-Submitted": "auto-replied" } }
    expect(await compat.receiveEmail(away)).toBe(0)
    expect(await compat.receiveEmail({ ...message, from: "mailer-daemon@example.test", leadId: "ann" })).toBe(0)
    expect(warnings).toEqual([])
    expect(executionStorage.size()).toBe(0)
  })

  test("a process that dies between a message and what it starts has started it once, after the restart", async () => {
    const spring: HostCampaign = { id: "spring" }
    let wasAsked = false
    const never = async (): Promise<HostCampaign> => {
      wasAsked = true
      return new Promise(() => {})
    }
    const list = async () => [spring]
    const { restart } = await configure(storage, { triggers, campaigns: { get: never, list } })
    const told = compat.receiveEmail(message).catch(() => "died")
    await until(() => wasAsked)
    await restart({ campaigns: { get: async () => spring, list }, triggers: [...triggers].reverse() })
    expect(await told).toBe("died")
    await until(() => executionStorage.size() === 4)
    expect(await compat.receiveEmail(message)).toBe(0)
    await restart({ campaigns: { get: async () => spring, list } })
    expect(await compat.receiveEmail(message)).toBe(0)
    expect(executionStorage.size()).toBe(4)
  })

  test("a campaign that cannot be read is a warning, holds up nothing, and is started when it can be", async () => {
    let isAway = true
    const spring: HostCampaign = { id: "spring" }
    const get = async () => {
      if (isAway) throw new Error("database is away")
      return spring
    }
    const { warnings } = await configure(storage, { triggers, campaigns: { get, list: async () => [spring] } })
    const answer = await (await compat.runtime()).campaigns.create({
      id: "answer",
      from: "Ann <ann@acme.test>",
      steps: [{ template: "hello", after: "1 day" }],
      triggers: [{ mail: { subject: "application" } }],
    })
    expect(await compat.receiveEmail(message)).toBe(0)
    expect(warnings).toEqual([expect.stringContaining("The trigger for the campaign spring failed: database is away")])
    expect(await answer.stats()).toMatchObject({ planned: 1 })
    isAway = false
    await until(() => executionStorage.getByCampaign("spring").length === 4)
    expect(await compat.receiveEmail(message)).toBe(0)
    expect(executionStorage.size()).toBe(5)
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

  test("a message of a mailbox that can never be taken in is a warning, and holds up no other", async () => {
    const { warnings } = await configure(storage, {
      triggers,
      mailbox: {
        watch: async (receive) => {
          await receive({ ...message, id: "" })
          await receive(message)
        },
      },
    })
    await compat.campaignOrchestrator.start()
    await until(() => executionStorage.getByLead("ann").length === 4)
    expect(warnings).toEqual([expect.stringContaining("cannot be taken in")])
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

test("a host that is killed while a campaign is being started has started it once, after the restart", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sendstate-triggers-"))
  const database = join(folder.path, "compat.db")
  const program = fileURLToPath(new URL("./dying-host.ts", import.meta.url))
  const host = spawn(process.execPath, ["--conditions=sendstate-source", program, database], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const closed = once(host, "close")
  await once(host.stdout, "data")
  host.kill("SIGKILL")
  await closed
  const asked: string[] = []
  const next = createCompat({
    storage: sqlite(database),
    triggers: [{ type: "email", conditions: { emailSubject: "application", campaignId: "spring" } }],
    campaigns: {
      get: async (id) => {
        asked.push(id)
        return { id }
      },
      list: async () => [],
    },
  })
  await until(() => next.executionStorage.size() === 4)
  expect(await next.receiveEmail({ id: "m1", from: "ann@example.test", subject: "My application" })).toBe(0)
  expect(next.executionStorage.getByLead("ann")).toHaveLength(4)
  expect(asked).toEqual(["spring"])
  await next.close()
})

test("on a storage that answers with Promises what is left is started after a restart, and nothing reopens a stopped engine", async () => {
  const plain = memory()
  let answer: (campaign: HostCampaign) => void = () => {}
  const first = await configure("memory", {
    storage: { ...plain, name: "slow", capabilities: { ...plain.capabilities, sync: false } },
    triggers: [everyMail],
    campaigns: {
      get: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
      list: async () => [],
    },
  })
  const told = compat.receiveEmail(message).catch(() => "stopped")
  const asked = answer
  await until(() => answer !== asked)
  await compat.campaignOrchestrator.stop()
  answer({ id: "spring" })
  expect(await told).toBe("stopped")
  await until(() => first.warnings.join().includes("The engine was stopped before that"))
  await first.restart({ campaigns: { get: async (id) => ({ id }), list: async () => [] } })
  await compat.runtime()
  await until(async () => (await executionStorage.getAllAsync()).length === 4)
  expect(await compat.receiveEmail(message)).toBe(0)
})

test("triggers that could never start anything are refused, and say what is missing", () => {
  const create = (trigger: CampaignTrigger) => () => createCompat({ storage: memory(), triggers: [trigger] })
  expect(create({ type: "email", conditions: { emailSubject: "x" } })).toThrow(/triggers\.0: conditions\.campaignId/)
  expect(create({ type: "lead_status", conditions: { campaignId: "spring" } })).toThrow(/leadStatus/)
  expect(create({ type: "manual", conditions: {} })).not.toThrow()
})
