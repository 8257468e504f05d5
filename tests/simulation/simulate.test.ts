import { InvalidInput, type LeadInput } from "sendstate/sdk"
import { type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const hour = 3_600_000
const day = 24 * hour

const spring = {
  id: "spring",
  from: "Ann <ann@acme.test>",
  steps: [{ template: "hello" }, { template: "nudge", after: "3 days" }],
  retry: { attempts: 6, base: "10 minutes", cap: "4 hours", jitter: 0.2 },
} as const

const people = (count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@x.test` }))

const rough: SimulateOptions = {
  transport: { temporary: 0.1, permanent: 0.05, unknown: 0.02, outages: [{ from: "1 minute", for: "2 hours" }] },
  faults: { kills: ["30 minutes", "3 days"] },
  events: { unsubscribe: 0.1, after: "1 day" },
}

test("the same seed gives the same bytes, another one another world", async () => {
  const [first, again, other] = await Promise.all([
    simulate({ ...spring, onUnknown: "resend" }, people(60), { ...rough, seed: 7, listSends: 1_000 }),
    simulate({ ...spring, onUnknown: "resend" }, people(60), { ...rough, seed: 7, listSends: 1_000 }),
    simulate({ ...spring, onUnknown: "resend" }, people(60), { ...rough, seed: 8, listSends: 1_000 }),
  ])
  expect(JSON.stringify(again)).toBe(JSON.stringify(first))
  expect(JSON.stringify({ ...other, seed: 7 })).not.toBe(JSON.stringify(first))
})

test("a rough world of kills, outages and lost replies breaks no promise, and everything is accounted for", async () => {
  const { counts, violations, attempts } = await simulate({ ...spring, onUnknown: "resend" }, people(80), rough)
  expect(violations).toEqual([])
  expect(counts.planned).toBe(counts.sent + counts.failed + counts.suppressed + counts.inDoubt)
  expect(counts.suppressed).toBeGreaterThan(0)
  expect(counts.failed).toBeGreaterThan(0)
  expect(counts.inDoubtTotal).toBeGreaterThan(0)
  expect(attempts.rejected).toBeGreaterThan(0)
})

test("the calendar shows each step in its hour, and the finish is the last enrollment's end", async () => {
  const { calendar, startedAt, finishedAt, sends } = await simulate(spring, people(100), { listSends: 3 })
  expect(calendar).toEqual([
    { at: startedAt, sends: 100 },
    { at: startedAt + 3 * day, sends: 100 },
  ])
  expect(sends).toHaveLength(3)
  expect((finishedAt ?? 0) - startedAt).toBeGreaterThanOrEqual(3 * day)
  expect((finishedAt ?? 0) - startedAt).toBeLessThan(3 * day + hour)
})

test("a slow server spreads the campaign as its rate says", async () => {
  const { finishedAt, startedAt, calendar } = await simulate(
    { ...spring, steps: [{ template: "hello" }] },
    people(200),
    { transport: { maxPerSecond: 0.01 } },
  )
  // 200 mails, one each 100 s.
  expect((finishedAt ?? 0) - startedAt).toBeGreaterThanOrEqual(199 * 100_000)
  expect(calendar.every(({ sends }) => sends <= 37)).toBe(true)
})

test("an outage delays, and nobody loses an attempt for it", async () => {
  const { counts, finishedAt, startedAt } = await simulate(
    { ...spring, steps: [{ template: "hello" }], retry: { attempts: 1 } },
    people(40),
    { transport: { outages: [{ from: 0, for: "5 hours" }] } },
  )
  expect(counts).toMatchObject({ sent: 40, failed: 0 })
  expect((finishedAt ?? 0) - startedAt).toBeGreaterThanOrEqual(5 * hour)
})

test("what is held in doubt is not finished; `until` ends what never ends", async () => {
  const held = await simulate(spring, people(5), { transport: { unknown: 1 } })
  expect(held).toMatchObject({ finishedAt: null, counts: { inDoubt: 5, sent: 0 } })
  const cut = await simulate(spring, people(5), { until: "1 day" })
  expect(cut).toMatchObject({ finishedAt: null, counts: { sent: 5, scheduled: 5 } })
})

test("a transport model of one's own decides by lead and attempt", async () => {
  const { counts, attempts } = await simulate({ ...spring, steps: [{ template: "hello" }] }, people(10), {
    transport: {
      outcome: ({ to, attempt }) =>
        to === "lead3@x.test" && attempt < 3
          ? { type: "rejected", scope: "recipient", retryable: true, code: "450" }
          : undefined,
    },
  })
  expect(counts).toMatchObject({ sent: 10 })
  expect(attempts).toEqual({ accepted: 10, rejected: 2, unknown: 0 })
})

test("a transport that reaches many servers is not held up by one of them that is out", async () => {
  const mixed = Array.from({ length: 60 }, (_, index) => ({ email: `lead${index}@${index < 30 ? "out" : "up"}.test` }))
  const { counts, sends, startedAt } = await simulate({ ...spring, steps: [{ template: "hello" }] }, mixed, {
    listSends: 100,
    transport: {
      outcome: ({ to, at }) =>
        to.endsWith("@out.test") && at < Date.UTC(2026, 0, 5, 11)
          ? { type: "rejected", scope: "recipient", retryable: true, code: "connection-refused" }
          : undefined,
    },
  })
  expect(counts).toMatchObject({ sent: 60, failed: 0 })
  const late = sends.filter(({ at }) => at - startedAt > 60_000)
  expect(late).toHaveLength(30)
  expect(late.every(({ to, at }) => to.endsWith("@out.test") && at - startedAt >= 2 * hour)).toBe(true)
})

test("several transports share by weight, and a spare takes over while the others are out", async () => {
  const outage = { from: "1 hour", for: "4 hours" }
  const { counts, transports, attempts, sends, violations, startedAt } = await simulate(
    { ...spring, steps: [{ template: "hello" }, { template: "nudge", after: "2 hours" }] },
    people(400),
    {
      listSends: 1_000,
      transports: [
        { name: "main", weight: 3, outages: [outage] },
        { name: "second", outages: [outage], temporary: 0.1 },
        { name: "elsewhere", senders: ["other.test"] },
        { name: "spare", weight: 0 },
      ],
    },
  )
  expect(violations).toEqual([])
  expect(counts).toMatchObject({ sent: 800, failed: 0 })
  const [main, second, elsewhere, spare] = transports.map((one) => one.attempts.accepted)
  // 400 mails while all are up, of which three in four are main's.
  expect(main).toBeGreaterThan(250)
  expect(second).toBeGreaterThan(60)
  expect(elsewhere).toBe(0)
  // The nudges, but for those put off.
  expect(spare).toBeGreaterThan(350)
  expect(attempts.accepted).toBe(800)
  const duringOutage = sends.filter(({ at }) => at - startedAt > hour && at - startedAt < 5 * hour)
  expect(new Set(duringOutage.map(({ via }) => via))).toEqual(new Set(["spare"]))
})

test("who does not exist is the same person for all transports, and after a kill", async () => {
  const { counts, attempts } = await simulate({ ...spring, onUnknown: "resend" }, people(200), {
    transports: [
      { name: "one", permanent: 0.3 },
      { name: "two", permanent: 0.3 },
    ],
    faults: { kills: ["1 day"] },
  })
  expect(counts.failed).toBeGreaterThan(0)
  // Nobody fails at the second mail: who exists was found out with the first.
  expect(counts).toMatchObject({ sent: (200 - counts.failed) * 2 })
  expect(attempts.rejected).toBe(counts.failed)
})

test("over outages, lost replies and kills nothing in doubt is handed to the other transport", async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const { counts, violations } = await simulate({ ...spring, onUnknown: "resend" }, people(60), {
      seed,
      transports: [
        { name: "one", unknown: 0.2, temporary: 0.1, outages: [{ from: "2 seconds", for: "3 hours" }] },
        { name: "two", unknown: 0.2, temporary: 0.1, outages: [{ from: "2 hours", for: "1 hour" }] },
      ],
      faults: { kills: ["1 second", "2 hours"] },
    })
    expect(violations).toEqual([])
    expect(counts.resent).toBeGreaterThan(0)
  }
})

test("options that make no sense are refused before anything runs", async () => {
  await expect(simulate(spring, [], { transport: { temporary: 2 } })).rejects.toThrow(InvalidInput)
  const both = { transport: {}, transports: [{ name: "one" }] }
  await expect(simulate(spring, [], both)).rejects.toThrow(/either transport or transports/)
  const twice = { transports: [{ name: "one" }, { name: "one" }] }
  await expect(simulate(spring, [], twice)).rejects.toThrow(/there is a transport "one" already/)
})
