import * as Cron from "effect/Cron"
import * as Result from "effect/Result"
import * as z from "zod"

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

const instant = z.union([z.date(), z.string()]).transform((value, context) => {
  const time = typeof value === "string" ? Date.parse(value) : value.getTime()
  if (Number.isFinite(time)) return time
  context.addIssue({
    code: "custom",
    message: `"${String(value)}" is no instant; write for example 2027-01-31T18:00:00Z`,
  })
  return z.NEVER
})

/** Whether the text is a cron expression of five fields. */
export const isCron = (text: string): boolean =>
  text.length <= 200 && text.trim().split(/\s+/).length === 5 && Result.isSuccess(Cron.parse(text))

/** Checks {@link RepeatInput}; a cron expression alone will do. */
export const repeatSchema = z
  .preprocess(
    (value) => (typeof value === "string" ? { cron: value } : value),
    z.strictObject({ cron: z.string(), times: z.int().min(1).optional(), until: instant.optional() }),
  )
  .transform(({ cron, times, until }, context): Repeat => {
    if (!isCron(cron))
      context.addIssue({
        code: "custom",
        path: ["cron"],
        message: `"${cron}" is no cron expression of five fields; write for example "0 9 * * mon" for Mondays at 09:00`,
      })
    return { cron: cron.trim(), times: times ?? null, until: until ?? null }
  })
