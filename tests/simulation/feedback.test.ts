import { InvalidInput, type LeadInput } from "sendstate/sdk"
import { type SimulateOptions, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const people = (count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@x.test` }))

const spring = {
  id: "spring",
  from: "Ann <ann@acme.test>",
  steps: Array.from({ length: 5 }, (_, index) => ({ template: `mail${index}`, after: index === 0 ? 0 : "3 days" })),
} as const

const after = "1 hour"
const countsOf = async (options: SimulateOptions, leads = 4) => {
  const { counts, violations } = await simulate(spring, people(leads), options)
  expect(violations).toEqual([])
  return counts
}
const each = (event: string, more: { readonly bounce?: "soft" | "hard" } = {}): SimulateOptions => ({
  events: { signals: [{ event, share: 1, after, ...more }] },
})

test.each(["complained", "bounced", "unsubscribed"])(
  "who %s gets no second mail, also in a simulation",
  async (event) => {
    expect(await countsOf(each(event))).toMatchObject({ sent: 4, suppressed: 4, enrollments: { ended: 4 } })
  },
)

test("a mailbox that bounces for now is given up at its third bounce, or as the rule says", async () => {
  const full = each("bounced", { bounce: "soft" })
  expect(await countsOf(full)).toMatchObject({ sent: 12, suppressed: 4 })
  expect(await countsOf({ ...full, softBounces: { count: 2 } })).toMatchObject({ sent: 8, suppressed: 4 })
  expect(await countsOf({ ...full, softBounces: null })).toMatchObject({ sent: 20, suppressed: 0 })
})

test("a mail that bounced for now and then for good has bounced for good", async () => {
  const signals = [
    { event: "bounced", share: 1, after, bounce: "soft" },
    { event: "bounced", share: 1, after: "1 day" },
  ] as const
  expect(await countsOf({ events: { signals } })).toMatchObject({ sent: 4, suppressed: 4 })
})

test("a complaint ends the way of those who complain, over a kill too, and of nobody else", async () => {
  const options: SimulateOptions = {
    listSends: 1_000,
    events: { signals: [{ event: "complained", share: 0.2, after: "1 day" }] },
    faults: { kills: ["1 day", "7 days"] },
  }
  const { sends, signals, counts, violations } = await simulate(spring, people(60), options)
  expect(violations).toEqual([])
  const complainedAt = new Map(signals.map(({ by, at }) => [by, at]))
  expect(complainedAt.size).toBeGreaterThan(10)
  expect(sends.filter(({ to, at }) => at > (complainedAt.get(to) ?? Number.POSITIVE_INFINITY))).toEqual([])
  expect(counts.enrollments).toEqual({ active: 0, finished: 60 - counts.suppressed, ended: counts.suppressed })
  expect(counts.suppressed).toBeGreaterThan(10)
})

test("only bounces are hard or soft", async () => {
  await expect(countsOf(each("complained", { bounce: "soft" }))).rejects.toThrow(InvalidInput)
})
