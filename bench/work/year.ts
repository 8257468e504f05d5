import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { type Simulation, simulate } from "sendstate/simulation"

/** Both changes of the clocks, on both sides of the equator, and zones without any. */
const zones = [
  "America/New_York",
  "Europe/Paris",
  "Australia/Sydney",
  "Asia/Kolkata",
  "America/Sao_Paulo",
  "Pacific/Auckland",
]

const providers = ["mail.test", "post.test", "inbox.test"]

/** Starts per second: of the campaign, and to one provider. */
const perSecond = { campaign: 4, provider: 2 }

const journey: CampaignInput = {
  id: "year",
  from: "Ann <ann@acme.test>",
  limit: `${perSecond.campaign} / second`,
  calendar: { windows: ["09:00-12:00", "13:00-17:30"], weekdays: "mon-fri", holidays: ["12-25", "01-01", "05-01"] },
  exit: ["replied", "bounced"],
  goal: "bought",
  retry: { attempts: 4, base: "30 minutes", cap: "1 day", jitter: 0.2 },
  onUnknown: "assumeSent",
  steps: [
    { template: "welcome", on: "next day at 10:00" },
    { template: "first-steps", waitUntil: { event: "clicked", timeout: "20 days" } },
    {
      if: { event: "clicked" },
      after: "60 days",
      on: "tuesday at 09:30",
      do: [{ template: "more" }],
      else: [{ template: "help" }],
    },
    { template: "summer", after: "90 days", on: "day 1 at 09:00" },
    { template: "last", after: "120 days", when: { not: { event: "clicked", within: "30 days" } } },
  ],
}

const zoneOf = (index: number): string => zones[index % zones.length] ?? "UTC"

const leadOf = (index: number): LeadInput => ({
  email: `lead${index}@${providers[index % providers.length]}`,
  timeZone: zoneOf(index),
})

/** The journey for so many leads, with replies, purchases, bounces, lost answers, an outage and two kills. */
export const simulateYear = (count: number, seed: number): Promise<Simulation> =>
  simulate(
    journey,
    Array.from({ length: count }, (_, index) => leadOf(index)),
    {
      seed,
      until: "400 days",
      span: "1 day",
      listSends: 1_000_000,
      limits: { domains: { "*": `${perSecond.provider} / second` } },
      transport: {
        temporary: 0.03,
        permanent: 0.02,
        unknown: 0.001,
        outages: [{ from: "90 days", for: "9 hours" }],
      },
      faults: { kills: ["26 hours", "200 days"], downtime: "10 minutes" },
      events: {
        unsubscribe: 0.002,
        signals: [
          { event: "clicked", share: 0.3, after: "3 hours" },
          { event: "replied", share: 0.02, after: "5 hours" },
          { event: "bounced", share: 0.01, after: "10 minutes" },
          { event: "bought", share: 0.03, after: "2 days" },
        ],
      },
    },
  )

const clocks = new Map(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "short",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    }),
  ]),
)

// By the platform's own calendar, not by the code that planned it.
const isInWindow = (at: number, zone: string): boolean => {
  const parts = new Map(
    clocks
      .get(zone)
      ?.formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const time = `${parts.get("hour")}:${parts.get("minute")}`
  const day = `${parts.get("month")}-${parts.get("day")}`
  if (["Sat", "Sun"].includes(parts.get("weekday") ?? "") || ["12-25", "01-01", "05-01"].includes(day)) return false
  return (time >= "09:00" && time < "12:00") || (time >= "13:00" && time < "17:30")
}

const overLimit = (starts: ReadonlyArray<number>, limit: number, what: string): ReadonlyArray<string> => {
  const sorted = [...starts].sort((a, b) => a - b)
  return sorted.flatMap((at, index) => {
    const earlier = sorted[index - limit]
    return earlier !== undefined && at - earlier < 1_000
      ? [`${what}: more than ${limit} in the second before ${new Date(at).toISOString()}`]
      : []
  })
}

/** What a simulated year did that it must not; empty when all is well. */
export const brokenRules = ({ sends, signals }: Simulation): ReadonlyArray<string> => {
  const zonesByAddress = new Map<string, string>()
  for (const { to } of sends) zonesByAddress.set(to, zoneOf(Number(/\d+/.exec(to)?.[0] ?? 0)))
  const exits = new Map<string, number>()
  for (const { by, event, at } of signals)
    if (event !== "clicked") exits.set(by, Math.min(at, exits.get(by) ?? Number.POSITIVE_INFINITY))
  const outside = sends
    .filter(({ to, startedAt }) => !isInWindow(startedAt, zonesByAddress.get(to) ?? "UTC"))
    .map(({ to, startedAt }) => `${to}: sent outside its window, ${new Date(startedAt).toISOString()}`)
  const afterExit = sends
    .filter(({ to, startedAt }) => startedAt > (exits.get(to) ?? Number.POSITIVE_INFINITY))
    .map(({ to, startedAt }) => `${to}: sent after an exit, ${new Date(startedAt).toISOString()}`)
  return [
    ...outside,
    ...afterExit,
    ...overLimit(
      sends.map(({ startedAt }) => startedAt),
      perSecond.campaign,
      "the campaign",
    ),
    ...providers.flatMap((provider) =>
      overLimit(
        sends.filter(({ to }) => to.endsWith(provider)).map(({ startedAt }) => startedAt),
        perSecond.provider,
        provider,
      ),
    ),
  ]
}
