import type { LeadInput, SendOutcome } from "sendstate/sdk"
import { type ModelledMail, type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"
import { peakOf } from "../../sim/checks/peak.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const spring = { id: "spring", from: "Ann <ann@news.acme.test>", steps: [{ template: "hello" }] } as const

const at = (domain: string, count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@${domain}` }))

/** A transport that notes when each call starts. */
const noting = (calls: Array<ModelledMail>, more: SimulateOptions["transport"] = {}): SimulateOptions["transport"] => ({
  latency: 50,
  maxConcurrency: 50,
  ...more,
  outcome: (mail): SendOutcome | undefined => {
    calls.push(mail)
    return more.outcome?.(mail)
  },
})

const startsAt = (calls: ReadonlyArray<ModelledMail>, domain?: string): ReadonlyArray<number> =>
  calls.filter(({ to }) => domain === undefined || to.endsWith(`@${domain}`)).map((call) => call.at)

test("a campaign's limit holds in each second, and is used to the full", async () => {
  const calls: Array<ModelledMail> = []
  const { counts, finishedAt, startedAt, violations } = await simulate(
    { ...spring, limit: "20 / second" },
    at("x.test", 600),
    { transport: noting(calls) },
  )
  expect(counts).toMatchObject({ sent: 600 })
  expect(violations).toEqual([])
  expect(peakOf(startsAt(calls), second)).toBe(20)
  // 30 s at the full rate.
  expect((finishedAt ?? 0) - startedAt).toBeLessThan(31 * second)
})

test("a slow recipient domain is held to its rate and holds up no other", async () => {
  const calls: Array<ModelledMail> = []
  const leads = [...at("gmail.com", 500), ...at("x.test", 200)]
  const { counts, finishedAt, startedAt } = await simulate(spring, leads, {
    transport: noting(calls),
    limits: { domains: { "gmail.com": "500 / hour" } },
  })
  expect(counts).toMatchObject({ sent: 700 })
  expect(peakOf(startsAt(calls, "gmail.com"), hour)).toBeLessThanOrEqual(500)
  expect(Math.max(...startsAt(calls, "x.test")) - startedAt).toBeLessThan(minute)
  expect((finishedAt ?? 0) - startedAt).toBeLessThan(1.02 * hour)
  expect((finishedAt ?? 0) - startedAt).toBeGreaterThan(0.98 * hour)
})

test("all limits of a mail hold together", async () => {
  const calls: Array<ModelledMail> = []
  const leads = [...at("gmail.com", 60), ...at("x.test", 200), ...at("y.test", 200)]
  const { counts } = await simulate({ ...spring, limit: "5 / second" }, leads, {
    transport: noting(calls),
    limits: {
      runtime: { count: 100, per: "1 minute" },
      senders: { "news.acme.test": "250 / 5 minutes" },
      domains: { "gmail.com": "10 / minute", "*": "30 / minute" },
    },
  })
  expect(counts).toMatchObject({ sent: 460 })
  expect(peakOf(startsAt(calls), second)).toBeLessThanOrEqual(5)
  expect(peakOf(startsAt(calls), minute)).toBeLessThanOrEqual(100)
  expect(peakOf(startsAt(calls), 5 * minute)).toBeLessThanOrEqual(250)
  expect(peakOf(startsAt(calls, "gmail.com"), minute)).toBeLessThanOrEqual(10)
  expect(peakOf(startsAt(calls, "x.test"), minute)).toBeLessThanOrEqual(30)
  expect(peakOf(startsAt(calls, "y.test"), minute)).toBeLessThanOrEqual(30)
})

test("a burst is what may come at once after a rest, and no more", async () => {
  const calls: Array<ModelledMail> = []
  await simulate({ ...spring, limit: { count: 60, per: "1 minute", burst: 10 } }, at("x.test", 100), {
    transport: noting(calls),
  })
  const starts = startsAt(calls)
  expect(peakOf(starts, 100)).toBe(10)
  expect(peakOf(starts, minute)).toBeLessThanOrEqual(69)
})

test("a kill wastes a moment of a limit, and never exceeds it", async () => {
  const calls: Array<ModelledMail> = []
  const { counts, finishedAt, startedAt } = await simulate(
    { ...spring, onUnknown: "resend", retry: { base: "1 second", jitter: 0 }, limit: "10 / second" },
    at("x.test", 400),
    {
      transport: noting(calls),
      faults: { kills: ["5 seconds", "12 seconds", "19 seconds", "26 seconds"], downtime: 20 },
    },
  )
  expect(counts.sent).toBe(400)
  expect(peakOf(startsAt(calls), second)).toBeLessThanOrEqual(10)
  expect((finishedAt ?? 0) - startedAt).toBeLessThan(50 * second)
})

test("a warm-up rises by date, spread over each day", async () => {
  const calls: Array<ModelledMail> = []
  const start = new Date("2026-12-01T00:00:00Z")
  await simulate(spring, at("x.test", 600), {
    start,
    transport: noting(calls),
    limits: {
      senders: {
        "news.acme.test": {
          count: 1,
          per: "1 second",
          warmUp: [
            { from: "2026-12-04", perDay: 200 },
            { from: "2026-12-01", perDay: 50 },
          ],
        },
      },
    },
  })
  const ofDay = (index: number): number =>
    startsAt(calls).filter((call) => Math.floor((call - start.getTime()) / day) === index).length
  expect([0, 1, 2, 3, 4].map(ofDay)).toEqual([50, 50, 50, 200, 200])
  expect(
    peakOf(
      startsAt(calls).filter((call) => call < start.getTime() + 3 * day),
      day,
    ),
  ).toBe(50)
})
