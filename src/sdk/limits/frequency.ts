import * as z from "zod"

/** How many mails one lead gets at most in a day or a week of its own calendar. */
export interface FrequencyCap {
  readonly max: number
  /** A day in the lead's time zone, or a week from Monday. */
  readonly per: "day" | "week"
}

/** Checks a {@link FrequencyCap}. */
export const frequencySchema = z.strictObject({ max: z.int().min(1).max(1_000), per: z.enum(["day", "week"]) })
