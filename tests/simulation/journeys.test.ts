import type { Runtime } from "sendstate"
import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { type SimulateOptions, type Simulation, simulate } from "sendstate/simulation"
import { describe, expect, test } from "vitest"

/** The simulations start on Monday, 2026-01-05, 09:00 UTC. Mails are called by their templates. */
const journey: CampaignInput = { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] }

const people = (...names: ReadonlyArray<string>): ReadonlyArray<LeadInput> =>
  names.map((name) => ({ email: `${name}@x.test` }))

const crowd = (count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@x.test` }))

interface Told extends Simulation {
  /** The mails of a lead, `01-05 09:00 hello`. */
  readonly mails: (name: string) => ReadonlyArray<string>
}

const tell = async (
  campaign: Partial<CampaignInput>,
  leads: ReadonlyArray<LeadInput>,
  options: SimulateOptions = {},
): Promise<Told> => {
  const simulation = await simulate({ ...journey, ...campaign }, leads, { listSends: 10_000, ...options })
  expect(simulation.violations).toEqual([])
  return {
    ...simulation,
    mails: (name) =>
      simulation.sends
        .filter(({ to }) => to === `${name}@x.test`)
        .map(({ at, subject }) => `${new Date(at).toISOString().slice(5, 16).replace("T", " ")} ${subject}`),
  }
}

const signal = (name: string, event: string) => (runtime: Runtime) => runtime.signal({ lead: `${name}@x.test`, event })

const spring = (runtime: Runtime) => runtime.campaigns.get("spring")

describe("a wait", () => {
  const steps: CampaignInput["steps"] = [
    { template: "hello" },
    { template: "tips", waitUntil: { event: "opened", timeout: "5 days" } },
  ]

  test("is over at its timeout, and for who is heard of before, at once", async () => {
    const actions = [{ at: "2 days", do: signal("ann", "opened") }]
    const { mails, counts } = await tell({ steps }, people("ann", "bob"), { actions })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-07 09:00 tips"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-10 09:00 tips"])
    expect(counts).toMatchObject({ planned: 4, sent: 4, enrollments: { finished: 2 } })
  })

  test("that an event ends outside the sending hours goes on when they open", async () => {
    const actions = [{ at: "2 days 14 hours", do: signal("ann", "opened") }]
    const { mails } = await tell({ steps, calendar: { windows: "08:00-18:00" } }, people("ann"), { actions })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-08 08:00 tips"])
  })

  test("is over when the process is back, for what is heard of at that moment", async () => {
    const actions = [{ at: "2 days", do: signal("ann", "opened") }]
    const faults = { kills: ["2 days"], downtime: "3 hours" }
    const { mails } = await tell({ steps }, people("ann"), { actions, faults })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-07 12:00 tips"])
  })

  test("is over at once where the event came while the mail before waited for its hours", async () => {
    const actions = [{ at: "2 hours", do: signal("ann", "opened") }]
    const start = new Date("2026-01-03T09:00:00Z")
    const { mails } = await tell({ steps, calendar: { weekdays: "mon-fri" } }, people("ann"), { actions, start })
    expect(mails("ann")).toEqual(["01-05 00:00 hello", "01-05 00:00 tips"])
  })

  test("counts what happened since the mail before was planned, and nothing earlier", async () => {
    const slow = [{ template: "hello" }, { template: "nudge", after: "1 week" }, ...steps.slice(1)]
    const actions = [
      { at: "3 days", do: signal("ann", "opened") },
      { at: "2 hours", do: (runtime: Runtime) => runtime.signal({ lead: "bob@x.test", event: "opened", at: early }) },
    ]
    const early = Date.UTC(2026, 0, 5, 9) - 1_000
    const { mails } = await tell({ steps: slow }, people("ann", "bob"), { actions })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-12 09:00 nudge", "01-12 09:00 tips"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-12 09:00 nudge", "01-17 09:00 tips"])
  })

  test("for what the mail before has waited for is over when it comes again", async () => {
    const twice = [...steps, { template: "more", waitUntil: { event: "opened", timeout: "20 days" } }]
    const actions = [
      { at: "2 days", do: signal("ann", "opened") },
      { at: "4 days", do: signal("ann", "opened") },
      { at: "1 day", do: signal("bob", "opened") },
    ]
    const { mails } = await tell({ steps: twice }, people("ann", "bob"), { actions })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-07 09:00 tips", "01-09 09:00 more"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-06 09:00 tips", "01-26 09:00 more"])
  })

  test("says for what it waits, until when", async () => {
    let summary = ""
    const look = async (runtime: Runtime) => {
      for await (const { id } of runtime.executions.list({ states: ["scheduled"] }))
        summary = (await runtime.explain(id)).summary
    }
    await tell({ steps }, people("ann"), { actions: [{ at: "1 day", do: look }] })
    expect(summary).toMatch(/^scheduled for 2026-01-10T09:00:.*, waiting: opened, or its timeout$/)
  })
})

describe("a condition", () => {
  test("on what happened `within` a time asks for a recent event", async () => {
    const steps: CampaignInput["steps"] = [
      { template: "hello" },
      { template: "offer", after: "10 days", when: { event: "clicked", within: "3 days" } },
    ]
    const actions = [
      { at: "6 days", do: signal("ann", "clicked") },
      { at: "8 days", do: signal("bob", "clicked") },
    ]
    const { mails, counts } = await tell({ steps }, people("ann", "bob"), { actions })
    expect(mails("ann")).toEqual(["01-05 09:00 hello"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-15 09:00 offer"])
    expect(counts).toMatchObject({ sent: 3, skipped: 1 })
  })

  test("on the lead goes by what is known when the mail is due", async () => {
    const steps: CampaignInput["steps"] = [
      { template: "hello" },
      { template: "offer", after: "10 days", when: { lead: "plan", equals: "pro" } },
    ]
    const put = (runtime: Runtime) => runtime.leads.put({ email: "ann@x.test", data: { plan: "pro" } })
    const { mails } = await tell({ steps }, people("ann", "bob"), { actions: [{ at: "9 days", do: put }] })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-15 09:00 offer"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello"])
  })
})

test("a fork goes by what happened until its time has come, and both sides go on together", async () => {
  const steps: CampaignInput["steps"] = [
    { template: "hello" },
    {
      if: { event: "clicked" },
      after: "4 days",
      do: [{ template: "more" }],
      else: [{ template: "help" }, { template: "call", after: "2 days" }],
    },
    { template: "last", after: "1 week" },
  ]
  const actions = [
    { at: "3 days", do: signal("ann", "clicked") },
    { at: "5 days", do: signal("bob", "clicked") },
  ]
  const { mails } = await tell({ steps }, people("ann", "bob"), { actions })
  expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-09 09:00 more", "01-16 09:00 last"])
  expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-09 09:00 help", "01-11 09:00 call", "01-18 09:00 last"])
})

test("an exit and a goal end the way through the campaign on the day they come, and nobody else's", async () => {
  const steps = Array.from({ length: 4 }, (_, index) => ({
    template: `mail${index}`,
    after: index === 0 ? 0 : "1 week",
  }))
  const ends = (name: string, event: string) => async (runtime: Runtime) =>
    expect(await signal(name, event)(runtime)).toMatchObject({ cancelled: 1 })
  const actions = [
    { at: "8 days", do: ends("ann", "replied") },
    { at: "15 days", do: ends("bob", "bought") },
  ]
  const rules = { steps, exit: ["replied"], goal: "bought" }
  const { mails, counts, finishedAt, startedAt } = await tell(rules, people("ann", "bob", "cyd"), { actions })
  expect(mails("ann")).toEqual(["01-05 09:00 mail0", "01-12 09:00 mail1"])
  expect(mails("bob")).toEqual(["01-05 09:00 mail0", "01-12 09:00 mail1", "01-19 09:00 mail2"])
  expect(mails("cyd")).toHaveLength(4)
  expect(counts).toMatchObject({ sent: 9, cancelled: 2, enrollments: { active: 0, finished: 2, ended: 1 } })
  expect(((finishedAt ?? 0) - startedAt) / 86_400_000).toBeCloseTo(21, 0)
})

describe("re-entry", () => {
  const again = async (reentry: CampaignInput["reentry"], days: number) => {
    const enroll = async (runtime: Runtime) => (await spring(runtime)).enroll(people("ann"))
    return (await tell({ reentry }, people("ann"), { actions: [{ at: `${days} days`, do: enroll }] })).mails("ann")
  }

  test("after 30 days lets a lead in again on the 31st day, and not on the tenth", async () => {
    expect(await again({ after: "30 days" }, 31)).toEqual(["01-05 09:00 hello", "02-05 09:00 hello"])
    expect(await again({ after: "30 days" }, 10)).toEqual(["01-05 09:00 hello"])
  })

  test("never, as long as the campaign does not say so; always, as soon as the last mail is sent", async () => {
    expect(await again(undefined, 31)).toEqual(["01-05 09:00 hello"])
    expect(await again("always", 1)).toEqual(["01-05 09:00 hello", "01-06 09:00 hello"])
  })

  test("waits for the end of the way through the campaign, however long it takes", async () => {
    const steps = [{ template: "hello" }, { template: "last", after: "40 days" }]
    const enroll = async (runtime: Runtime) => (await spring(runtime)).enroll(people("ann"))
    const actions = [
      { at: "35 days", do: enroll },
      { at: "41 days", do: enroll },
    ]
    const { mails } = await tell({ steps, reentry: { after: "30 days" } }, people("ann"), { actions })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "02-14 09:00 last", "02-15 09:00 hello", "03-27 09:00 last"])
  })
})

test("variants and those held out are compared by what happened in the days after", async () => {
  const steps: CampaignInput["steps"] = [
    { variants: { short: "short", long: { template: "long", weight: 3 } } },
    { template: "last", after: "1 week" },
  ]
  let report: Awaited<ReturnType<Awaited<ReturnType<typeof spring>>["report"]>> | undefined
  const look = async (runtime: Runtime) => {
    report = await (await spring(runtime)).report()
  }
  const { sends, signals, startedAt } = await tell({ steps, holdout: 0.2, goal: "bought" }, crowd(400), {
    events: { signals: [{ event: "bought", share: 0.1, after: "2 days" }] },
    actions: [{ at: "20 days", do: look }],
  })
  const by = (subject: string) => new Set(sends.filter((one) => one.subject === subject).map(({ to }) => to)).size
  const [short, long] = [by("short"), by("long")]
  expect(short / (short + long)).toBeGreaterThan(0.2)
  expect(short / (short + long)).toBeLessThan(0.3)
  expect(report).toMatchObject({
    variants: [
      { name: "short", planned: short, sent: short },
      { name: "long", planned: long, sent: long },
    ],
    mailed: { leads: short + long },
    heldOut: { leads: 400 - short - long, events: {} },
  })
  expect(report?.heldOut.leads).toBeGreaterThan(50)
  const buyers = new Set(signals.filter(({ at }) => at < startedAt + 7 * 86_400_000).map(({ by }) => by))
  expect(buyers.size).toBeGreaterThan(10)
  const last = sends.filter(({ subject }) => subject === "last")
  expect(last).toHaveLength(short + long - buyers.size)
  expect(last.filter(({ to }) => buyers.has(to))).toEqual([])
})

describe("an edit of what runs", () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "1 week" }]
  const edited = { ...journey, steps: [{ template: "hello" }, { template: "offer", after: "1 week" }] }

  const editOnDay3 = (update: true | "running"): SimulateOptions => ({
    actions: [
      {
        at: "3 days",
        do: async (runtime) => {
          const campaign = await runtime.campaigns.create(edited, { update })
          await campaign.enroll(people("bob"))
        },
      },
    ],
    faults: { kills: ["5 days"] },
  })

  test("is for who is enrolled from then on; who was under way goes on as it began", async () => {
    const { mails } = await tell({ steps }, people("ann"), editOnDay3(true))
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-12 09:00 nudge"])
    expect(mails("bob")).toEqual(["01-08 09:00 hello", "01-15 09:00 offer"])
  })

  test("is for everything that is not sent, where that was asked for", async () => {
    const { mails } = await tell({ steps }, people("ann"), editOnDay3("running"))
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-12 09:00 offer"])
    expect(mails("bob")).toEqual(["01-08 09:00 hello", "01-15 09:00 offer"])
  })
})

describe("an address that bounces for now", () => {
  const steps = Array.from({ length: 6 }, (_, index) => ({
    template: `mail${index}`,
    after: index === 0 ? 0 : "9 days",
  }))
  const bounceEach = (days: ReadonlyArray<number>): SimulateOptions["actions"] =>
    days.map((day) => ({
      at: `${day} days`,
      do: async (runtime) => {
        const { id } = await latest(runtime)
        const bounce = { kind: "soft", enhancedCode: "4.2.2" } as const
        await runtime.receiveFeedback({ id: `bounce ${day}`, type: "bounced", executionId: id, bounce })
      },
    }))
  const latest = async (runtime: Runtime) => {
    const rows = []
    for await (const row of runtime.executions.list({ states: ["sent"] })) rows.push(row)
    const last = rows.sort((left, right) => left.step - right.step).at(-1)
    if (last === undefined) throw new Error("nothing was sent")
    return last
  }

  test("is given up at the third bounce within 30 days: what was planned is not sent", async () => {
    const { mails, counts } = await tell({ steps }, people("ann"), { actions: bounceEach([1, 10, 19]) })
    expect(mails("ann")).toEqual(["01-05 09:00 mail0", "01-14 09:00 mail1", "01-23 09:00 mail2"])
    expect(counts).toMatchObject({ sent: 3, suppressed: 1, enrollments: { ended: 1 } })
  })

  test("is given up at the third within 30 days though few of its mails bounced, and not at one that comes later", async () => {
    const often = Array.from({ length: 25 }, (_, index) => ({
      template: `mail${index}`,
      after: index === 0 ? 0 : "2 days",
    }))
    const sent = async (days: ReadonlyArray<number>) =>
      (await tell({ steps: often }, people("ann"), { actions: bounceEach(days) })).counts.sent
    expect(await sent([1, 15, 29])).toBe(15)
    expect(await sent([1, 15, 33])).toBe(25)
  })

  test("is mailed on after two", async () => {
    const { counts } = await tell({ steps }, people("ann"), { actions: bounceEach([1, 10]) })
    expect(counts).toMatchObject({ sent: 6, suppressed: 0 })
  })
})

describe("control", () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "2 days" }]

  test("a pause holds up what comes due, also over a crash; what was held goes when it is resumed", async () => {
    const actions = [
      { at: "1 day", do: async (runtime: Runtime) => (await spring(runtime)).pause() },
      { at: "10 days", do: async (runtime: Runtime) => (await spring(runtime)).resume() },
    ]
    const { mails } = await tell({ steps }, people("ann"), { actions, faults: { kills: ["5 days"] } })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-15 09:00 nudge"])
  })

  test("what waits is moved by a filter, and only that", async () => {
    const move = (runtime: Runtime) =>
      runtime.executions.select({ leadId: "ann@x.test", states: ["scheduled"] }).reschedule({ by: "3 days" })
    const { mails } = await tell({ steps }, people("ann", "bob"), { actions: [{ at: "1 day", do: move }] })
    expect(mails("ann")).toEqual(["01-05 09:00 hello", "01-10 09:00 nudge"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-07 09:00 nudge"])
  })

  test("what failed is sent again by a filter when its cause is gone, and its sequence goes on", async () => {
    let isBroken = true
    const resend = async (runtime: Runtime) => {
      isBroken = false
      const failed = runtime.executions.select({ states: ["failed"] })
      expect(await failed.preview()).toMatchObject({ total: 1 })
      expect(await failed.resend()).toMatchObject({ applied: 1 })
      expect(await runtime.executions.select({ states: ["sent"] }).resend()).toMatchObject({ applied: 0 })
    }
    const { mails, counts } = await tell({ steps }, people("ann", "bob"), {
      actions: [{ at: "7 days", do: resend }],
      transport: {
        outcome: ({ to }) =>
          isBroken && to === "ann@x.test"
            ? { type: "rejected", scope: "recipient", retryable: false, code: "554" }
            : undefined,
      },
    })
    expect(mails("ann")).toEqual(["01-12 09:00 hello", "01-14 09:00 nudge"])
    expect(mails("bob")).toEqual(["01-05 09:00 hello", "01-07 09:00 nudge"])
    expect(counts).toMatchObject({ sent: 4, failed: 0 })
  })
})

test("a mail to a suppressed address says so from when it is planned, and goes when that is lifted by its time", async () => {
  const steps = [{ template: "hello", after: "10 days" }]
  const summaries = new Map<string, string>()
  const actions: SimulateOptions["actions"] = [
    {
      at: 0,
      do: async (runtime) => {
        await runtime.suppress("ann@x.test")
        await runtime.suppress("bob@x.test", { topic: "news" })
        await (await spring(runtime)).enroll(people("ann", "bob", "cyd"))
        for await (const { id, leadId } of runtime.executions.list())
          summaries.set(leadId, (await runtime.explain(id)).summary)
        const found = []
        for await (const { leadId } of runtime.executions.list({ error: "suppressed" })) found.push(leadId)
        expect(found.sort()).toEqual(["ann@x.test", "bob@x.test"])
      },
    },
    { at: "9 days", do: (runtime) => runtime.unsuppress("bob@x.test", { topic: "news" }) },
  ]
  const { mails, counts } = await tell({ steps, topic: "news" }, [], { actions })
  expect(counts).toMatchObject({ planned: 3, sent: 2, suppressed: 1 })
  expect(mails("ann")).toEqual([])
  expect(mails("bob")).toEqual(["01-15 09:00 hello"])
  const word = "on the suppression list when it was planned, and not sent unless taken off"
  expect(summaries.get("ann@x.test")).toBe(`scheduled for 2026-01-15T09:00:00.000Z, waiting: ${word}`)
  expect(summaries.get("bob@x.test")).toContain(word)
  expect(summaries.get("cyd@x.test")).toBe("scheduled for 2026-01-15T09:00:00.000Z")
})
