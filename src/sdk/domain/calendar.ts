import * as z from "zod"
import { type DaySpan, dayMinutes, daySpansSchema, spansWithout } from "./day-time.ts"
import { type DurationInput, durationSchema } from "./duration.ts"
import { isDay } from "./instant.ts"
import { weekdaysSchema } from "./weekday.ts"

/** When mail may be sent, as users write it. All times are those of the zone's clocks. */
export interface SendingHoursInput {
  /** Whose clock counts: the lead's (the campaign's for leads without a time zone), or the campaign's for all. Default `lead`. */
  readonly zone?: "lead" | "campaign" | undefined
  /** Parts of the day in which mail is sent: `"09:00-17:30"`, or several. Default: the whole day. */
  readonly windows?: string | ReadonlyArray<string> | undefined
  /** Parts of the day in which none is: `"21:00-08:00"`. Taken out of the windows. */
  readonly quietHours?: string | ReadonlyArray<string> | undefined
  /** `"mon-fri"`, `["monday", "wed"]`. Default: all. */
  readonly weekdays?: string | ReadonlyArray<string> | undefined
  /** Days without mail: `2026-12-25`, or `12-25` for each year. */
  readonly holidays?: ReadonlyArray<string> | undefined
}

/** When mail may be sent, as stored. */
export interface SendingHours {
  readonly zone: "lead" | "campaign"
  /** The open parts of an open day, in order, quiet hours taken out. Never empty. */
  readonly open: ReadonlyArray<DaySpan>
  /** 0 (Sunday) to 6. Never empty. */
  readonly weekdays: ReadonlyArray<number>
  /** `YYYY-MM-DD`, or `MM-DD` for each year. */
  readonly holidays: ReadonlyArray<string>
}

/** What becomes of a mail whose time passed while nothing could be sent (the process was down, the campaign paused). */
export interface LatePolicyInput {
  /** `send` it all the same (default), `skip` it and go on with the next step, or `shift` it to the next time that its step's `on` gives. */
  readonly policy: "send" | "skip" | "shift"
  /** From how much delay on it is late; default 1 hour. Give more than a backlog of the whole audience takes. */
  readonly after?: DurationInput | undefined
}

/** {@link LatePolicyInput}, as stored. */
export interface LatePolicy {
  readonly policy: "send" | "skip" | "shift"
  readonly afterMs: number
}

// A leap year, so that 02-29 is a day.
const isDate = (text: string): boolean => isDay(text.length === 5 ? `2024-${text}` : text)

const holiday = z
  .string()
  .regex(/^(\d{4}-)?\d{2}-\d{2}$/, "a day like 2026-12-25, or 12-25 for each year")
  .refine(isDate, "there is no such day")

/** Checks {@link SendingHoursInput}. */
export const sendingHoursSchema = z
  .strictObject({
    zone: z.enum(["lead", "campaign"]).default("lead"),
    windows: daySpansSchema.default([{ from: 0, to: dayMinutes }]),
    quietHours: daySpansSchema.default([]),
    weekdays: weekdaysSchema.default([0, 1, 2, 3, 4, 5, 6]),
    holidays: z.array(holiday).max(1_000).default([]),
  })
  .transform(({ zone, windows, quietHours, weekdays, holidays }, context): SendingHours => {
    const open = spansWithout(windows, quietHours)
    if (open.length === 0)
      context.addIssue({
        code: "custom",
        path: ["windows"],
        message: "the quiet hours leave nothing of the windows: no mail could ever be sent",
      })
    return { zone, open, weekdays, holidays }
  })

/** Checks {@link LatePolicyInput}; a word alone will do. */
export const latePolicySchema = z
  .preprocess(
    (value) => (typeof value === "string" ? { policy: value } : value),
    z.strictObject({ policy: z.enum(["send", "skip", "shift"]), after: durationSchema.default(3_600_000) }),
  )
  .transform(({ policy, after }): LatePolicy => ({ policy, afterMs: after }))
