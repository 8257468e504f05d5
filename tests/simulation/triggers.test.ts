import type { CampaignInput, LeadInput } from "sendstate/sdk"
import { simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

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
