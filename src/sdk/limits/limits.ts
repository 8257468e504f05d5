import * as z from "zod"
import { domainOrIssue } from "../domain/domain-name.ts"
import { parse } from "../schema.ts"
import { type FrequencyCap, frequencySchema } from "./frequency.ts"
import { type Rate, type RateInput, rateSchema, type WarmUpRateInput, warmUpRateSchema } from "./rate.ts"

/** How much may be sent, over all campaigns of a storage. Every limit that concerns a mail holds for it. */
export interface LimitsInput {
  /** All mails. */
  readonly runtime?: RateInput | undefined
  /** By domain of the From address: `{ "news.acme.test": "20 / second" }`; `"*"` for each other one by itself. */
  readonly senders?: Readonly<Record<string, WarmUpRateInput>> | undefined
  /** By domain of the recipient: `{ "gmail.com": "500 / hour", "*": "5 / second" }`; `"*"` for each other one by itself. */
  readonly domains?: Readonly<Record<string, WarmUpRateInput>> | undefined
  /** How many mails each lead gets at most, from all campaigns together. */
  readonly frequency?: FrequencyCap | undefined
}

/** Checked limits. */
export interface Limits {
  readonly runtime: Rate | undefined
  readonly senders: ReadonlyMap<string, Rate>
  readonly domains: ReadonlyMap<string, Rate>
  readonly frequency: FrequencyCap | undefined
}

/** The key that stands for each domain without a rate of its own. */
export const anyDomain = "*"

const domain = z
  .string()
  .transform((name, context) => (name === anyDomain ? name : domainOrIssue(name, context, ', or "*"')))

const byDomain = z
  .record(z.string(), warmUpRateSchema)
  .transform((rates) => Object.entries(rates))
  .pipe(z.array(z.tuple([domain, z.custom<Rate>()])))
  .transform((rates): ReadonlyMap<string, Rate> => new Map(rates))

const schema = z.strictObject({
  runtime: rateSchema.optional(),
  senders: byDomain.prefault({}),
  domains: byDomain.prefault({}),
  frequency: frequencySchema.optional(),
})

/**
 * Checks limits.
 *
 * @throws InvalidInput naming each rate and domain that is not acceptable.
 */
export const parseLimits = (input: LimitsInput): Limits => {
  const { runtime, senders, domains, frequency } = parse(schema, input, "The limits")
  return { runtime, senders, domains, frequency }
}
