import type { LeadInput, SendOutcome } from "sendstate/sdk"
import { type SimulateOptions, simulate, type TransportRouteModel } from "sendstate/simulation"
import { expect, test } from "vitest"
import { peakOf } from "../../sim/checks/peak.ts"

const second = 1_000
const minute = 60 * second
const day = 1_440 * minute

const spring = { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] } as const

const leads = (count: number, domain = "x.test"): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@${domain}` }))

/** Calls by transport, when each began. */
const noted = (...routes: ReadonlyArray<Omit<TransportRouteModel, "outcome">>) => {
  const calls = new Map(routes.map(({ name }) => [name, [] as Array<number>]))
  const transports = routes.map((route): TransportRouteModel => {
    const outcome = ({ at }: { readonly at: number }): SendOutcome | undefined => {
      calls.get(route.name)?.push(at)
      return undefined
    }
    return { latency: 50, maxConcurrency: 50, ...route, outcome }
  })
  return { transports, calls: (name: string) => calls.get(name) ?? [] }
}

const run = async (count: number, options: SimulateOptions) => {
  const result = await simulate(spring, leads(count), options)
  expect(result.violations).toEqual([])
  expect(result.counts).toMatchObject({ sent: count })
  return { ...result, tookMs: (result.finishedAt ?? Number.NaN) - result.startedAt }
}

test("a transport's limit holds in each window, also over kills of the process, and is used to the full", async () => {
  const { transports, calls } = noted({ name: "main" })
  const { tookMs } = await run(600, {
    transports,
    limits: { transports: { main: "60 / minute" } },
    faults: { kills: ["90 s", "200 s", "201 s"], downtime: "3 s" },
  })
  expect(peakOf(calls("main"), minute)).toBe(60)
  expect(tookMs).toBeLessThan(11 * minute)
})

test("what one transport has no room for another takes, and nothing waits", async () => {
  const { transports, calls } = noted({ name: "main", weight: 3 }, { name: "second", maxConcurrency: 5 })
  const { tookMs } = await run(500, { transports, limits: { transports: { main: "60 / minute" } } })
  expect(peakOf(calls("main"), minute)).toBeLessThanOrEqual(60)
  expect(calls("main").length).toBeGreaterThan(2)
  expect(calls("second").length).toBe(500 - calls("main").length)
  expect(tookMs).toBeLessThan(minute)
})

test("where all have limits each is used to the full, and who waits is moved with its reason", async () => {
  const { transports, calls } = noted({ name: "main", weight: 3 }, { name: "second", weight: 1 })
  const reasons = new Set<string>()
  const { tookMs } = await run(900, {
    transports,
    limits: { transports: { main: "30 / minute", "*": "60 / minute" } },
    actions: [
      {
        at: "90 s",
        do: async (runtime) => {
          for await (const { context } of runtime.executions.list({ states: ["scheduled"] }))
            reasons.add(String(context.reason?.text).replace(/ until .*/, ""))
        },
      },
    ],
  })
  expect(peakOf(calls("main"), minute)).toBe(30)
  expect(peakOf(calls("second"), minute)).toBe(60)
  // 90 a minute together.
  expect(tookMs).toBeLessThan(11 * minute)
  expect([...reasons].sort()).toEqual(["bucket transport main empty", "bucket transport second empty"])
})

test("a spare transport is for when the others are out, not for when they are at their limit", async () => {
  const { transports, calls } = noted({ name: "main" }, { name: "spare", weight: 0 })
  await run(120, { transports, limits: { transports: { main: "60 / minute" } } })
  expect(calls("spare")).toEqual([])
  const out = noted({ name: "main", outages: [{ from: "30 s", for: "1 hour" }] }, { name: "spare", weight: 0 })
  const { tookMs } = await run(120, { transports: out.transports, limits: { transports: { main: "60 / minute" } } })
  expect(out.calls("spare").length).toBeGreaterThan(60)
  expect(tookMs).toBeLessThan(5 * minute)
})

test("all limits of a mail hold together, whichever way it goes", async () => {
  const { transports, calls } = noted({ name: "main" }, { name: "second" })
  const { counts } = await simulate({ ...spring, limit: "2 / second" }, [...leads(60, "gmail.com"), ...leads(300)], {
    transports,
    limits: { domains: { "gmail.com": "10 / minute" }, transports: { "*": "40 / minute" } },
  })
  expect(counts).toMatchObject({ sent: 360 })
  expect(peakOf(calls("main"), minute)).toBeLessThanOrEqual(40)
  expect(peakOf(calls("second"), minute)).toBeLessThanOrEqual(40)
  expect(peakOf([...calls("main"), ...calls("second")], second)).toBeLessThanOrEqual(2)
})

test("a new server warms up by date; so do a runtime and a campaign", async () => {
  const warmUp = [
    { from: "2026-01-05", perDay: 24 },
    { from: "2026-01-06", perDay: 240 },
  ]
  const rate = { count: 100, per: "1 minute", warmUp } as const
  const starts = async (campaign: object, limits: SimulateOptions["limits"]) => {
    const { transports, calls } = noted({ name: "main" })
    await simulate({ ...spring, ...campaign }, leads(200), { transports, limits })
    return calls("main")
  }
  for (const calls of [
    await starts({}, { transports: { main: rate } }),
    await starts({}, { runtime: rate }),
    await starts({ limit: rate }, {}),
  ]) {
    const firstDay = calls.filter((at) => at < Date.UTC(2026, 0, 6))
    expect(firstDay).toHaveLength(15) // an hour apart, from 09:00 on
    expect(peakOf(calls, day)).toBeLessThanOrEqual(240)
    expect(calls).toHaveLength(200)
  }
})

test("a limit of a transport that is not there is refused with those that are", async () => {
  const { transports } = noted({ name: "main" }, { name: "second" })
  await expect(simulate(spring, [], { transports, limits: { transports: { mian: "1 / second" } } })).rejects.toThrow(
    /transports\.mian: there is no transport "mian"; write main, second, or/,
  )
})
