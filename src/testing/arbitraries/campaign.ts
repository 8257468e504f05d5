import * as fc from "fast-check"
import type { CampaignInput } from "sendstate/sdk"

const duration = fc.integer({ min: 0, max: 14 * 86_400_000 })

/** What a campaign's templates are called by default. */
export const templateNames = ["hello", "nudge", "last-call"] as const

/** Campaigns that are accepted, with steps of {@link templateNames}; they shrink to one step and no options. */
export const anyCampaign: fc.Arbitrary<CampaignInput> = fc.record(
  {
    id: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
    from: fc.constantFrom("ann@acme.test", "Ann <ann@acme.test>"),
    steps: fc.array(
      fc.record({ template: fc.constantFrom(...templateNames), after: duration }, { requiredKeys: ["template"] }),
      { minLength: 1, maxLength: 4 },
    ),
    retry: fc.record({
      attempts: fc.integer({ min: 1, max: 8 }),
      base: fc.integer({ min: 0, max: 3_600_000 }),
      cap: fc.constant(14_400_000),
      jitter: fc.constantFrom(0, 0.2, 1),
    }),
    onUnknown: fc.constantFrom("hold", "assumeSent", "resend"),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/Los_Angeles"),
    headers: fc.constantFrom({}, { "X-Campaign": "spring" }),
  },
  { requiredKeys: ["id", "from", "steps"] },
)
