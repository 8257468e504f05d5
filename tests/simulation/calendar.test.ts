import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const spring: CampaignInput = { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] }

const ann = (more: Partial<LeadInput> = {}): LeadInput => ({ email: "ann@x.test", ...more })

/** When the mails left, as ISO 8601 without seconds. */
const sendsOf = async (
  campaign: Partial<CampaignInput>,
  leads: ReadonlyArray<LeadInput> = [ann()],
  options: SimulateOptions = {},
): Promise<ReadonlyArray<string>> => {
  const { sends, violations } = await simulate({ ...spring, ...campaign }, leads, { listSends: 1_000, ...options })
  expect(violations).toEqual([])
  return sends.map(({ at }) => new Date(at).toISOString().slice(0, 16))
}

// The simulations start on Monday, 2026-01-05, 09:00 UTC, unless they say otherwise.

test("a step can wait for the next day, a weekday, a day of the month, a date, or just a time", async () => {
  const at = async (on: string) => (await sendsOf({ steps: [{ template: "hello", on }] }))[0]
  expect(await at("next day at 08:00")).toBe("2026-01-06T08:00")
  expect(await at("monday at 10:00")).toBe("2026-01-05T10:00")
  expect(await at("monday at 08:00")).toBe("2026-01-12T08:00")
  expect(await at("day 1 at 10:00")).toBe("2026-02-01T10:00")
  expect(await at("2026-03-04 at 16:30")).toBe("2026-03-04T16:30")
  expect(await at("at 17:00")).toBe("2026-01-05T17:00")
  expect(await at("at 08:00")).toBe("2026-01-06T08:00")
})

test("a calendar rule counts from the end of the step's delay", async () => {
  const sends = await sendsOf({
    steps: [{ template: "hello" }, { template: "nudge", after: "3 days", on: "monday at 09:30" }],
  })
  expect(sends).toEqual(["2026-01-05T09:00", "2026-01-12T09:30"])
})

test("a date that has passed is due at once", async () => {
  expect(await sendsOf({ steps: [{ template: "hello", on: "2026-01-01 at 09:00" }] })).toEqual(["2026-01-05T09:00"])
})

test("each lead's own clock counts, and the campaign's for those without one", async () => {
  const sends = await sendsOf({ timeZone: "Europe/Paris", steps: [{ template: "hello", on: "next day at 09:00" }] }, [
    ann({ timeZone: "Asia/Tokyo" }),
    { email: "bob@x.test" },
    { email: "cyd@x.test", timeZone: "America/New_York" },
  ])
  expect(sends).toEqual(["2026-01-06T00:00", "2026-01-06T08:00", "2026-01-06T14:00"])
})

test("with `zone: campaign` all go by the campaign's clock", async () => {
  const calendar = { zone: "campaign", windows: "12:00-13:00" } as const
  const leads = [ann({ timeZone: "Asia/Tokyo" }), { email: "bob@x.test" }]
  expect(await sendsOf({ timeZone: "Europe/Paris", calendar }, leads)).toEqual(["2026-01-05T11:00", "2026-01-05T11:00"])
})

test("a time that the change of the clocks leaves out is as much later; one that comes twice is used once", async () => {
  const steps = (time: string) => [{ template: "hello", on: `next day at ${time}` }]
  const newYork = [ann({ timeZone: "America/New_York" })]
  // On 2026-03-08 clocks go from 02:00 to 03:00: 02:30 is 03:30 there.
  const spring = { start: new Date("2026-03-07T12:00:00Z") }
  expect(await sendsOf({ steps: steps("02:30") }, newYork, spring)).toEqual(["2026-03-08T07:30"])
  // On 2026-11-01 they go from 02:00 back to 01:00: the first 01:30 is at 05:30 UTC.
  const fall = { start: new Date("2026-10-31T12:00:00Z") }
  expect(await sendsOf({ steps: steps("01:30") }, newYork, fall)).toEqual(["2026-11-01T05:30"])
})

test("outside the windows mail waits, over nights, weekends and holidays, and says for what", async () => {
  const calendar = { windows: ["09:00-12:00", "14:00-17:00"], weekdays: "mon-fri", holidays: ["2026-01-06", "01-07"] }
  const at = async (start: string) => (await sendsOf({ calendar }, [ann()], { start: new Date(start) }))[0]
  expect(await at("2026-01-05T10:00:00Z")).toBe("2026-01-05T10:00")
  expect(await at("2026-01-05T12:00:00Z")).toBe("2026-01-05T14:00")
  expect(await at("2026-01-05T17:00:00Z")).toBe("2026-01-08T09:00")
  expect(await at("2026-01-09T18:00:00Z")).toBe("2026-01-12T09:00")
})

test("a window that a change of the clocks leaves out is closed, and one that ends in what is left out ends there", async () => {
  const newYork = [ann({ timeZone: "America/New_York" })]
  // On 2026-03-08 clocks go from 02:00 to 03:00, at 07:00 UTC.
  const at = async (windows: ReadonlyArray<string>, start: string) =>
    (await sendsOf({ calendar: { windows } }, newYork, { start: new Date(start) }))[0]
  expect(await at(["02:05-02:39", "03:09-04:00"], "2026-03-08T07:00:00Z")).toBe("2026-03-08T07:09")
  expect(await at(["01:00-02:10", "05:00-06:00"], "2026-03-08T06:59:00Z")).toBe("2026-03-08T06:59")
  expect(await at(["01:00-02:10", "05:00-06:00"], "2026-03-08T07:00:00Z")).toBe("2026-03-08T09:00")
  expect(await at(["02:30-04:00"], "2026-03-08T06:30:00Z")).toBe("2026-03-08T07:00")
})

test("quiet hours over midnight are quiet on both sides of it", async () => {
  const calendar = { quietHours: "21:00-08:00" }
  const at = async (start: string) => (await sendsOf({ calendar }, [ann()], { start: new Date(start) }))[0]
  expect(await at("2026-01-05T20:59:00Z")).toBe("2026-01-05T20:59")
  expect(await at("2026-01-05T21:00:00Z")).toBe("2026-01-06T08:00")
  expect(await at("2026-01-06T03:00:00Z")).toBe("2026-01-06T08:00")
})

test("retries, slow servers and outages push no mail out of its window", async () => {
  const sends = await sendsOf(
    { calendar: { windows: "09:00-09:10" }, retry: { attempts: 8, base: "4 minutes", jitter: 0.5 } },
    Array.from({ length: 40 }, (_, index) => ({ email: `lead${index}@x.test` })),
    { transport: { maxPerSecond: 0.05, temporary: 0.4, outages: [{ from: "2 minutes", for: "3 minutes" }] } },
  )
  expect(sends.length).toBeGreaterThan(30)
  expect(new Set(sends.map((at) => at.slice(0, 10))).size).toBeGreaterThan(1)
  for (const at of sends) expect(at.slice(11) >= "09:00" && at.slice(11) < "09:11").toBe(true)
})

test("no mail is begun in the last two seconds of a window: a commit and its limit may hold up the call", async () => {
  const { sends, violations } = await simulate(
    { ...spring, calendar: { windows: "09:00-09:01" }, limit: "2 / second" },
    Array.from({ length: 300 }, (_, index) => ({ email: `lead${index}@x.test` })),
    { listSends: 1_000, transport: { latency: 50 } },
  )
  expect(violations).toEqual([])
  expect(sends).toHaveLength(300)
  const seconds = sends.map(({ startedAt }) => Number(new Date(startedAt).toISOString().slice(17, 19)))
  expect(Math.max(...seconds)).toBeGreaterThan(50)
  expect(Math.max(...seconds)).toBeLessThan(58)
})

test("a campaign comes again as often as it says, and skips the rounds that its steps take longer than", async () => {
  expect(await sendsOf({ repeat: { cron: "0 9 * * mon", times: 3 } })).toEqual([
    "2026-01-12T09:00",
    "2026-01-19T09:00",
    "2026-01-26T09:00",
  ])
  const long = await sendsOf({
    steps: [{ template: "hello" }, { template: "nudge", after: "10 days" }],
    repeat: { cron: "0 9 * * mon", until: "2026-02-01T00:00:00Z" },
  })
  expect(long).toEqual(["2026-01-12T09:00", "2026-01-22T09:00", "2026-01-26T09:00", "2026-02-05T09:00"])
})

test("a mail that failed for good does not keep the next round from coming", async () => {
  const { counts, sends } = await simulate(
    { ...spring, retry: { attempts: 1 }, repeat: { cron: "0 9 * * *", times: 20 } },
    [ann()],
    { seed: 3, listSends: 100, transport: { temporary: 0.5 } },
  )
  expect(counts).toMatchObject({ planned: 20, sent: sends.length, failed: 20 - sends.length })
  expect(counts.failed).toBeGreaterThan(3)
  expect(counts.sent).toBeGreaterThan(3)
})

test("what was missed while the process was down is sent late, skipped, or moved to the next such time", async () => {
  const steps = [
    { template: "hello", on: "at 12:00" },
    { template: "nudge", on: "next day at 12:00" },
  ]
  const down = { faults: { kills: ["2 hours"], downtime: "4 hours" } } satisfies SimulateOptions
  expect(await sendsOf({ steps }, [ann()], down)).toEqual(["2026-01-05T15:00", "2026-01-06T12:00"])
  expect(await sendsOf({ steps, late: "skip" }, [ann()], down)).toEqual(["2026-01-06T12:00"])
  expect(await sendsOf({ steps, late: "shift" }, [ann()], down)).toEqual(["2026-01-06T12:00", "2026-01-07T12:00"])
  const patient = { policy: "skip", after: "5 hours" } as const
  expect(await sendsOf({ steps, late: patient }, [ann()], down)).toEqual(["2026-01-05T15:00", "2026-01-06T12:00"])
})

test("every send of a year is within its lead's hours, over both changes of the clocks", async () => {
  const zones = ["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata"]
  const leads = zones.map((timeZone, index) => ({ email: `lead${index}@x.test`, timeZone }))
  const { sends, violations, counts } = await simulate(
    {
      ...spring,
      steps: [{ template: "hello" }],
      calendar: { windows: "01:00-03:30", weekdays: "sat-sun" },
      repeat: { cron: "0 2 * * *" },
    },
    leads,
    { listSends: 10_000, until: "360 days" },
  )
  expect(violations).toEqual([])
  expect(counts.sent).toBeGreaterThan(4 * 90)
  expect(sends).toHaveLength(counts.sent)
  for (const { to, startedAt } of sends) {
    const zone = leads.find(({ email }) => email === to)?.timeZone ?? ""
    const clock = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
    })
    const shown = clock.format(startedAt)
    expect(shown).toMatch(/^(Sat|Sun)/)
    const time = shown.slice(-5)
    expect(time >= "01:00" && time < "03:30", `${to} at ${shown}`).toBe(true)
  }
})
