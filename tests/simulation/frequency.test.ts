import type { SendOutcome } from "sendstate/sdk"
import { type ModelledMail, type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const six = {
  id: "spring",
  from: "Ann <ann@acme.test>",
  steps: Array.from({ length: 6 }, (_, index) => ({ template: `mail${index}`, after: index === 0 ? 0 : "2 hours" })),
  retry: { attempts: 5, base: "1 minute", jitter: 0 },
} as const

/** The local days (`2026-01-05`) on which each address was mailed, one for each mail. */
const run = async (
  campaign: Parameters<typeof simulate>[0],
  zones: ReadonlyArray<string>,
  options: SimulateOptions = {},
): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const calls: Array<ModelledMail> = []
  const transport = {
    ...options.transport,
    outcome: (mail: ModelledMail): SendOutcome | undefined => {
      const answer = options.transport?.outcome?.(mail)
      if (answer?.type !== "rejected") calls.push(mail)
      return answer
    },
  }
  const leads = zones.map((timeZone, index) => ({ email: `lead${index}@x.test`, timeZone }))
  const { counts, violations } = await simulate(campaign, leads, { ...options, transport })
  expect(violations).toEqual([])
  expect(counts).toMatchObject({ sent: 6 * zones.length })
  return zones.map((timeZone, index) =>
    calls
      .filter(({ to }) => to === `lead${index}@x.test`)
      .map(({ at }) => new Intl.DateTimeFormat("sv", { timeZone, dateStyle: "short" }).format(at)),
  )
}

const most = (days: ReadonlyArray<string>): number =>
  Math.max(...days.map((day) => days.filter((other) => other === day).length))

test("a lead gets no more mails a day than the cap, in days of its own zone", async () => {
  const zones = ["Pacific/Auckland", "America/Los_Angeles", "UTC"]
  const perLead = await run({ ...six, frequency: { max: 2, per: "day" } }, zones)
  for (const days of perLead) expect(most(days)).toBe(2)
  // Where 09:00 UTC is late in the evening, the mails of the first hours fall on two days.
  expect(new Set(perLead.map((days) => days.join())).size).toBeGreaterThan(1)
})

test("the runtime's cap holds together with the campaign's, over days on which clocks change, and over a crash", async () => {
  const [days = []] = await run({ ...six, frequency: { max: 4, per: "week" } }, ["Europe/Berlin"], {
    start: new Date("2026-03-26T22:00:00Z"),
    limits: { frequency: { max: 2, per: "day" } },
    faults: { kills: ["1 hour", "26 hours"] },
  })
  expect(most(days)).toBe(2)
  // Thursday and Friday two each, then the week's cap until Monday; the clocks changed on Sunday.
  expect(days).toEqual(["2026-03-26", "2026-03-27", "2026-03-27", "2026-03-28", "2026-03-30", "2026-03-30"])
})

test("a mail that is tried again counts once", async () => {
  const [days = []] = await run({ ...six, frequency: { max: 2, per: "day" } }, ["UTC"], {
    transport: {
      outcome: ({ attempt }) =>
        attempt < 3 ? { type: "rejected", scope: "recipient", retryable: true, code: "450" } : undefined,
    },
  })
  expect(days).toEqual([0, 0, 1, 1, 2, 2].map((day) => `2026-01-0${5 + day}`))
})
