import * as z from "zod"
import { domainOrIssue } from "../domain/domain-name.ts"
import { invalidInput, parse } from "../schema.ts"
import { type FrequencyCap, frequencySchema } from "./frequency.ts"
import { type Rate, type RateInput, rateSchema } from "./rate.ts"

/** How much may be sent, over all campaigns of a storage. Every limit that concerns a mail holds for it. */
export interface LimitsInput {
  /** All mails. */
  readonly runtime?: RateInput | undefined
  /** By domain of the From address: `{ "news.acme.test": "20 / second" }`; `"*"` for each other one by itself. */
  readonly senders?: Readonly<Record<string, RateInput>> | undefined
  /** By domain of the recipient: `{ "gmail.com": "500 / hour", "*": "5 / second" }`; `"*"` for each other one by itself. */
  readonly domains?: Readonly<Record<string, RateInput>> | undefined
  /** By name of the transport, as the runtime has it: `{ main: "20 / second" }`; `"*"` for each other one by itself. */
  readonly transports?: Readonly<Record<string, RateInput>> | undefined
  /** How many mails each lead gets at most, from all campaigns together. */
  readonly frequency?: FrequencyCap | undefined
}

/** Checked limits. */
export interface Limits {
  readonly runtime: Rate | undefined
  readonly senders: ReadonlyMap<string, Rate>
  readonly domains: ReadonlyMap<string, Rate>
  readonly transports: ReadonlyMap<string, Rate>
  readonly frequency: FrequencyCap | undefined
}

/** The key that stands for each domain, or transport, without a rate of its own. */
export const anyOther = "*"

const domain = z
  .string()
  .transform((name, context) => (name === anyOther ? name : domainOrIssue(name, context, ', or "*"')))

const byDomain = z
  .record(z.string(), rateSchema)
  .transform((rates) => Object.entries(rates))
  .pipe(z.array(z.tuple([domain, z.custom<Rate>()])))
  .transform((rates): ReadonlyMap<string, Rate> => new Map(rates))

const byName = z
  .record(z.string().min(1).max(100), rateSchema)
  .transform((rates): ReadonlyMap<string, Rate> => new Map(Object.entries(rates)))

const schema = z.strictObject({
  runtime: rateSchema.optional(),
  senders: byDomain.prefault({}),
  domains: byDomain.prefault({}),
  transports: byName.prefault({}),
  frequency: frequencySchema.optional(),
})

/**
 * Checks limits.
 *
 * @throws InvalidInput naming each rate and domain that is not acceptable.
 */
export const parseLimits = (input: LimitsInput): Limits => {
  const { runtime, senders, domains, transports, frequency } = parse(schema, input, "The limits")
  return { runtime, senders, domains, transports, frequency }
}

/**
 * Checks that each transport with a limit is one of those that there are.
 *
 * @throws InvalidInput naming each that is not, and those that there are.
 */
export const checkLimitedTransports = ({ transports }: Limits, names: ReadonlyArray<string>): void => {
  const known = names.length === 0 ? 'write "*"' : `write ${names.join(", ")}, or "*"`
  const issues = [...transports.keys()]
    .filter((name) => name !== anyOther && !names.includes(name))
    .map((name) => ({
      path: `transports.${name}`,
      message: `there is no transport "${name}"; ${known} for each without a limit of its own`,
    }))
  if (issues.length > 0) throw invalidInput("The limits", issues)
}
