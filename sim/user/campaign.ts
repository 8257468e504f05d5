import type { CampaignInput } from "../../src/sdk/index.ts"
import type { SimOptions } from "../options.ts"

/** The one campaign of a world. */
export const campaignId = "spring"

/** Its definition; each edition differs in what is not planned yet. */
export const definitionOf = ({ steps, stepMinutes, retry, onUnknown }: SimOptions, edition: number): CampaignInput => ({
  id: campaignId,
  from: "Ann <ann@acme.test>",
  steps: Array.from({ length: steps }, (_, step) => ({
    template: `step-${step}`,
    after: `${(step === 0 ? 0 : stepMinutes) + (edition % 3)} minutes`,
  })),
  retry: {
    attempts: retry.attempts,
    base: `${retry.baseMs} ms`,
    factor: retry.factor,
    cap: `${retry.capMs} ms`,
    jitter: retry.jitter,
  },
  onUnknown,
})
