import * as z from "zod"
import { cronProblem, neverComes } from "./cron.ts"
import { instantSchema } from "./instant.ts"

/** A campaign that comes again, as users write it: each lead goes through all steps in each round. */
export interface RepeatInput {
  /** Five fields: minute, hour, day of the month, month, day of the week; `"0 9 * * mon"`. By the lead's clock (else the campaign's). */
  readonly cron: string
  /** Rounds for each lead; default: no end. */
  readonly times?: number | undefined
  /** No round begins after this instant: a Date, or ISO 8601. */
  readonly until?: string | Date | undefined
}

/** {@link RepeatInput}, as stored. */
export interface Repeat {
  readonly cron: string
  readonly times: number | null
  /** Epoch ms. */
  readonly until: number | null
}

/** Checks {@link RepeatInput}; a cron expression alone will do. */
export const repeatSchema = z
  .preprocess(
    (value) => (typeof value === "string" ? { cron: value } : value),
    z.strictObject({ cron: z.string(), times: z.int().min(1).optional(), until: instantSchema.optional() }),
  )
  .transform(({ cron, times, until }, context): Repeat => {
    const problem = cronProblem(cron)
    if (problem !== undefined)
      context.addIssue({
        code: "custom",
        path: ["cron"],
        message:
          problem === "never"
            ? neverComes(cron)
            : `"${cron}" is no cron expression of five fields; write for example "0 9 * * mon" for Mondays at 09:00`,
      })
    return { cron: cron.trim(), times: times ?? null, until: until ?? null }
  })
