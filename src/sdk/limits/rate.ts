import * as z from "zod"
import { type DurationInput, durationSchema, toMillis } from "../domain/duration.ts"
import { toInstant } from "../domain/instant.ts"

/** One stage of a warm-up: from a date on, at most so many mails a day. */
export interface WarmUpStage {
  /** Epoch ms. */
  readonly from: number
  readonly perDay: number
}

/** A checked rate: at most `count` starts in any window of `perMs`, `burst - 1` more where bursts are allowed. */
export interface Rate {
  readonly count: number
  readonly perMs: number
  /** Starts that may come at once after a rest. */
  readonly burst: number
  /** In the order of their dates; empty for none. */
  readonly warmUp: ReadonlyArray<WarmUpStage>
}

/** A rate as users write it: `"20 / second"`, `"500/hour"`, `"1 / 10 minutes"`, or its parts. */
export type RateInput =
  | string
  | {
      readonly count: number
      readonly per: DurationInput
      /** Starts that may come at once after a rest; default 1: no window of `per` ever sees more than `count`. */
      readonly burst?: number | undefined
      /**
       * Lets it rise by date: at most `perDay` from each date on, spread evenly, and never more than the rate itself. Dates
       * are `2026-12-01` (midnight UTC) or instants with a zone. Before the first date its stage holds already.
       */
      readonly warmUp?: ReadonlyArray<{ readonly from: string | Date; readonly perDay: number }> | undefined
    }

const dayMs = 86_400_000

const textPattern = /^\s*(\d{1,9}(?:\.\d{1,6})?)\s*\/\s*([^/]{1,50})$/

/** The parts of a rate that is written as a text. */
const partsOfText = (text: string): { readonly count: number; readonly per: number } | undefined => {
  const [, count, per] = textPattern.exec(text) ?? []
  if (count === undefined || per === undefined) return undefined
  const perMs = toMillis(/^\s*\d/.test(per) ? per : `1 ${per.trim()}`)
  return perMs === undefined ? undefined : { count: Number(count), per: perMs }
}

const asParts = (given: unknown, context: z.RefinementCtx): unknown => {
  if (typeof given !== "string") return given
  const parts = partsOfText(given)
  if (parts !== undefined) return parts
  context.addIssue({
    code: "custom",
    message: `"${given}" is no rate; write for example "20 / second", "500 / hour" or "1 / 10 minutes"`,
  })
  return z.NEVER
}

const instant = z.union([z.string(), z.date()]).transform((given, context) => {
  const date = given instanceof Date ? given.getTime() : toInstant(given)
  const isComplete = given instanceof Date || /^[^T]*$|(Z|[+-]\d{2}:\d{2})$/.test(given)
  if (isComplete && date !== undefined && !Number.isNaN(date)) return date
  context.addIssue({
    code: "custom",
    message: `"${String(given)}" is no date that exists; write for example 2026-12-01, or 2026-12-01T06:00:00+01:00`,
  })
  return z.NEVER
})

const stage = z.strictObject({ from: instant, perDay: z.number().positive().max(1e9) })

const parts = z.strictObject({
  count: z.number().positive().max(1e9),
  per: durationSchema.refine((ms) => ms > 0, { message: "a rate needs a time that is longer than nothing" }),
  burst: z.int().min(1).max(1_000_000).default(1),
  warmUp: z.array(stage).max(1_000).default([]),
})

/** Checks and completes a {@link RateInput}. */
export const rateSchema = z.preprocess(
  asParts,
  parts.transform(
    ({ count, per, burst, warmUp }): Rate => ({
      count,
      perMs: per,
      burst,
      warmUp: [...warmUp].sort((left, right) => left.from - right.from),
    }),
  ),
)

/** Milliseconds from one start to the next at this instant (epoch ms), while mails wait. */
export const intervalAt = ({ count, perMs, warmUp }: Rate, at: number): number => {
  const stage = warmUp.findLast(({ from }) => from <= at) ?? warmUp[0]
  return stage === undefined ? perMs / count : Math.max(perMs / count, dayMs / stage.perDay)
}
