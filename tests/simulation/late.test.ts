import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const hour = 3_600_000

const crowd = (count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@x.test` }))

const run = async (campaign: Partial<CampaignInput>, count: number, options: SimulateOptions = {}) => {
  const { counts, sends, startedAt, violations } = await simulate(
    { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }], late: "skip", ...campaign },
    crowd(count),
    { listSends: 10_000, ...options },
  )
  expect(violations).toEqual([])
  expect(counts.sent + counts.skipped).toBe(count)
  const latest = Math.max(...sends.map((send) => send.startedAt)) - startedAt
  return { ...counts, latest }
}

test("what a limit holds up is late when it does not start within an hour of its time", async () => {
  const { sent, skipped, latest } = await run({ limit: "100 / hour" }, 500)
  expect(sent).toBeGreaterThan(90)
  expect(sent).toBeLessThan(210)
  expect(skipped).toBe(500 - sent)
  expect(latest).toBeLessThanOrEqual(hour + 60_000)
})

test("what the rate of the transport holds up is late as well", async () => {
  const { sent, skipped, latest } = await run({}, 500, { transport: { maxPerSecond: 100 / 3_600 } })
  expect(sent).toBeGreaterThan(90)
  expect(sent).toBeLessThan(210)
  expect(skipped).toBe(500 - sent)
  expect(latest).toBeLessThanOrEqual(hour + 60_000)
})

test("what an outage of the server holds up is late when it lasts too long, and is sent when it does not", async () => {
  const outage = (lasts: string): SimulateOptions => ({ transport: { outages: [{ from: 0, for: lasts }] } })
  expect(await run({}, 20, outage("3 hours"))).toMatchObject({ sent: 0, skipped: 20 })
  expect(await run({}, 20, outage("30 minutes"))).toMatchObject({ sent: 20, skipped: 0 })
  expect(await run({ late: { policy: "skip", after: "1 day" } }, 20, outage("3 hours"))).toMatchObject({ sent: 20 })
})

test("what sending hours and caps move is to start then, and a retry is never late", async () => {
  const hours = { calendar: { windows: "12:00-13:00" } } as const
  expect(await run(hours, 20)).toMatchObject({ sent: 20 })
  const busy = { type: "rejected", scope: "recipient", retryable: true, code: "450" } as const
  const retry = { attempts: 5, base: "2 hours", jitter: 0 } as const
  const outcome = ({ attempt }: { readonly attempt: number }) => (attempt < 3 ? busy : undefined)
  expect(await run({ retry }, 20, { transport: { outcome } })).toMatchObject({ sent: 20 })
  const steps = [{ template: "hello" }, { template: "nudge" }]
  const capped = await simulate(
    { id: "spring", from: "Ann <ann@acme.test>", steps, late: "skip", frequency: { max: 1, per: "day" } },
    crowd(5),
  )
  expect(capped.counts).toMatchObject({ sent: 10, skipped: 0 })
})

test("what is moved by hand after an outage is to start then", async () => {
  const { sent } = await run({}, 5, {
    transport: { outages: [{ from: 0, for: "3 hours" }] },
    actions: [
      {
        at: "30 minutes",
        do: (runtime) => runtime.executions.select({ all: true }).reschedule(runtime.now() + 4 * hour),
      },
    ],
  })
  expect(sent).toBe(5)
})

const paused = (from: string, to: string): SimulateOptions => ({
  actions: [
    { at: from, do: async (runtime) => (await runtime.campaigns.get("spring")).pause() },
    { at: to, do: async (runtime) => (await runtime.campaigns.get("spring")).resume() },
  ],
})

const mailsOf = async (steps: CampaignInput["steps"], data: Record<string, string | number>): Promise<string> => {
  const { sends, violations } = await simulate(
    { id: "spring", from: "Ann <ann@acme.test>", steps, late: "skip" },
    [{ email: "ann@x.test", data }],
    { listSends: 10, ...paused("20 hours", "30 hours") },
  )
  expect(violations).toEqual([])
  return sends.map(({ subject }) => subject).join(" ")
}

const isPro = { lead: "plan", equals: "pro" } as const
const dayAfter = (template: string) => ({ template, after: "1 day" })

test("a fork that is late is decided all the same: its first mail is left out, and the rest of the side follows", async () => {
  const sides = { do: [{ template: "pro" }, dayAfter("pro2")], else: [{ template: "free" }, dayAfter("free2")] }
  const fork = [{ template: "hello" }, { if: isPro, after: "1 day", ...sides }, dayAfter("end")]
  expect(await mailsOf(fork, { plan: "pro" })).toBe("hello pro2 end")
  expect(await mailsOf(fork, { plan: "free" })).toBe("hello free2 end")
  const wait = { waitUntil: { event: "opened", timeout: "1 day" }, if: { event: "opened" } }
  expect(await mailsOf([{ template: "hello" }, { ...wait, ...sides }, dayAfter("end")], {})).toBe("hello free2 end")
  const oneSided = [{ template: "hello" }, { if: isPro, after: "1 day", do: sides.do }, dayAfter("end")]
  expect(await mailsOf(oneSided, { plan: "free" })).toBe("hello end")
})

test("a late fork in a fork is decided as well", async () => {
  const inner = {
    if: { lead: "seats", above: 5 },
    do: [{ template: "big" }, dayAfter("big2")],
    else: [{ template: "small" }, dayAfter("small2")],
  }
  const steps = [
    { template: "hello" },
    { if: isPro, after: "1 day", do: [inner, dayAfter("pro")], else: [inner, dayAfter("free")] },
  ]
  expect(await mailsOf(steps, { plan: "pro", seats: 9 })).toBe("hello big2 pro")
  expect(await mailsOf(steps, { plan: "pro", seats: 2 })).toBe("hello small2 pro")
  expect(await mailsOf(steps, { plan: "free", seats: 9 })).toBe("hello big2 free")
  expect(await mailsOf(steps, { plan: "free", seats: 2 })).toBe("hello small2 free")
})
