import type { Runtime } from "sendstate"
import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { type SimulateOptions, type Simulation, simulate } from "sendstate/simulation"
import { describe, expect, test } from "vitest"

const hour = 3_600_000

const digest: CampaignInput = {
  id: "digest",
  from: "Ann <ann@acme.test>",
  steps: [{ template: "hello" }],
  triggers: [{ event: "wants-more" }],
  reentry: "always",
}
const people: ReadonlyArray<LeadInput> = Array.from({ length: 3 }, (_, index) => ({ email: `lead${index}@x.test` }))
const asking = (share: number) => ({ events: { signals: [{ event: "wants-more", share, after: "1 day" }] } })

test("a trigger fires in a simulation though everything else has ended: a lead that asks each day gets a mail each day", async () => {
  const { counts, finishedAt, violations, calendar } = await simulate(digest, people, {
    ...asking(1),
    until: "9 days 12 hours",
    span: "1 day",
  })
  expect(violations).toEqual([])
  expect(counts).toMatchObject({ sent: 30, enrollments: { finished: 30 } })
  expect(calendar.map(({ sends }) => sends)).toEqual(Array.from({ length: 10 }, () => 3))
  expect(finishedAt).toBeNull()
})

test("it is finished when the last enrollment has ended, not when the last recipient has done something", async () => {
  const once = { ...digest, reentry: undefined } as const
  const { counts, finishedAt, startedAt } = await simulate(once, people, asking(1))
  expect(counts).toMatchObject({ sent: 3 })
  expect((finishedAt ?? 0) - startedAt).toBeLessThan(hour)
  const some = await simulate(digest, people, { ...asking(0.7), seed: 3 })
  expect(some.counts.sent).toBeGreaterThan(4)
  expect(some.violations).toEqual([])
  const last = some.calendar.at(-1)?.at ?? 0
  expect((some.finishedAt ?? 0) - last).toBeLessThan(hour)
})

test("a kill in between loses nobody who asked before or asks after", async () => {
  const { counts, violations } = await simulate(digest, people, {
    ...asking(1),
    until: "4 days 12 hours",
    faults: { kills: ["2 days 6 hours"] },
  })
  expect(violations).toEqual([])
  expect(counts.sent).toBe(15)
})

test("who asks while the process is away, or in the moment of its kill, is heard when it is back", async () => {
  const { signals, startedAt } = await simulate(digest, people, { ...asking(1), until: "2 days", listSends: 9 })
  expect(signals).toHaveLength(3)
  for (const kill of [23.5 * hour, ...signals.map(({ at }) => at - startedAt)]) {
    const { counts, violations } = await simulate({ ...digest, onUnknown: "resend" }, people, {
      ...asking(1),
      until: "2 days 12 hours",
      faults: { kills: [kill], downtime: "1 hour" },
    })
    expect(violations).toEqual([])
    expect(counts).toMatchObject({ sent: 9, enrollments: { finished: 9 } })
  }
})

const inDays = async (campaign: Partial<CampaignInput>, actions: SimulateOptions["actions"]): Promise<Simulation> => {
  const steps = [{ template: "thanks" }, { template: "tips", after: "1 day" }]
  const simulation = await simulate({ ...digest, steps, ...campaign }, [], {
    until: "9 days",
    listSends: 10,
    actions: [{ at: "1 hour", do: (runtime) => runtime.leads.put({ email: "ann@x.test" }) }, ...(actions ?? [])],
  })
  expect(simulation.violations).toEqual([])
  return simulation
}

const subjects = ({ sends }: Simulation): string => sends.map(({ subject }) => subject).join(" ")

const bought =
  (id: string, ahead = 0) =>
  (runtime: Runtime) =>
    runtime.signal({ lead: "ann@x.test", event: "bought", id, at: runtime.now() + ahead })

describe("the event that enrolls a lead", () => {
  const buying = { triggers: [{ event: "bought" }], exit: "bought" } as const

  test("does not end its enrollment, also by a clock that is ahead", async () => {
    for (const ahead of [-1, 0, 1, 60_000]) {
      const simulation = await inDays(buying, [{ at: "2 hours", do: bought("1", ahead) }])
      expect(subjects(simulation)).toBe("thanks tips")
      expect(simulation.counts).toMatchObject({ cancelled: 0, enrollments: { finished: 1 } })
    }
  })

  test("is another one than the next of its name, which ends it, also at the same moment or by another clock", async () => {
    const twice = (second: string, ahead: number) => [
      { at: "2 hours", do: bought("1", ahead) },
      { at: second, do: bought("2") },
    ]
    const once = { ...buying, reentry: undefined }
    expect(subjects(await inDays(once, twice("5 hours", 0)))).toBe("thanks")
    expect(subjects(await inDays(once, twice("2 hours 20 seconds", 60_000)))).toBe("thanks")
    expect(subjects(await inDays(once, twice("2 hours", 0)))).toBe("")
    const again = await inDays(buying, twice("5 hours", 0))
    expect(subjects(again)).toBe("thanks thanks tips")
    expect(again.counts).toMatchObject({ cancelled: 1, enrollments: { ended: 1, finished: 1 } })
  })

  test("is not heard by what waits for it, nor by its conditions", async () => {
    const { sends } = await inDays(
      {
        triggers: [{ event: "bought" }],
        steps: [
          { template: "thanks" },
          { template: "more", waitUntil: { event: "bought", timeout: "3 days" } },
          { template: "twice", when: { event: "bought" } },
        ],
      },
      [{ at: "2 hours", do: bought("1") }],
    )
    expect(sends.map(({ at, subject }) => `${new Date(at).toISOString().slice(5, 16)} ${subject}`)).toEqual([
      "01-05T11:00 thanks",
      "01-08T11:00 more",
    ])
  })

  test("may be a status or a mail", async () => {
    const customer = { email: "ann@x.test", status: "customer" }
    const put = [{ at: "2 hours", do: (runtime: Runtime) => runtime.leads.put(customer) }]
    const byStatus = await inDays({ triggers: [{ status: "customer" }], goal: "status:customer" }, put)
    expect(subjects(byStatus)).toBe("thanks tips")
    const mail = { messageId: "<1@x>", from: "ann@x.test", subject: "price?" }
    const received = [{ at: "2 hours", do: (runtime: Runtime) => runtime.receive(mail) }]
    const byMail = await inDays({ triggers: [{ mail: { subject: "price" } }], exit: "replied" }, received)
    expect(subjects(byMail)).toBe("thanks tips")
  })
})

test("what ended an enrollment does not end the next one, which begins in the same moment", async () => {
  const signal = (event: string) => (runtime: Runtime) => runtime.signal({ lead: "ann@x.test", event })
  for (const ends of [{ exit: "left" }, { goal: "left" }]) {
    const simulation = await inDays({ ...ends, triggers: [{ event: "came" }] }, [
      { at: "2 hours", do: signal("came") },
      { at: "5 hours", do: signal("left") },
      { at: "5 hours", do: signal("came") },
    ])
    expect(subjects(simulation)).toBe("thanks thanks tips")
  }
})
