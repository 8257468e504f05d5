import type { CampaignInput } from "../../src/sdk/index.ts"
import type { SimOptions } from "../options.ts"
import { sequenceOf, stepsOf } from "./sequence.ts"

/** The one campaign of a world. */
export const campaignId = "spring"

/** Its definition; each edition differs in what is not planned yet. */
export const definitionOf = (options: SimOptions, edition: number): CampaignInput => {
  const { retry, onUnknown } = options
  return {
    id: campaignId,
    from: "Ann <ann@acme.test>",
    steps: stepsOf(options, edition),
    ...sequenceOf(options.sequence, options),
    timeZone: options.timeZone,
    retry: {
      attempts: retry.attempts,
      base: `${retry.baseMs} ms`,
      factor: retry.factor,
      cap: `${retry.capMs} ms`,
      jitter: retry.jitter,
    },
    onUnknown,
  }
}
