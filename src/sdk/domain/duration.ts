import * as z from "zod"

const unitMs = new Map<string, number>(
  Object.entries({
    ms: 1,
    millisecond: 1,
    s: 1_000,
    second: 1_000,
    m: 60_000,
    min: 60_000,
    minute: 60_000,
    h: 3_600_000,
    hour: 3_600_000,
    d: 86_400_000,
    day: 86_400_000,
    w: 604_800_000,
    week: 604_800_000,
  }),
)

const part = /(\d+(?:\.\d+)?)\s*([a-z]+)/gi

const wholeMs = (ms: number): number | undefined => {
  const whole = Math.round(ms)
  return ms >= 0 && Number.isSafeInteger(whole) ? Math.abs(whole) : undefined
}

/**
 * Milliseconds of `"3 days"`, `"24 h"`, `"1 hour 30 minutes"` or a number (already milliseconds); `undefined` when the
 * text is no duration. Days are 24 hours: a calendar rule is something else.
 */
export const toMillis = (duration: string | number): number | undefined => {
  if (typeof duration === "number") return wholeMs(duration)
  // The pattern takes quadratic time on a long run of digits.
  if (duration.length > 100) return undefined
  const rest = duration.replace(part, "").trim()
  if (rest !== "") return undefined
  let total = 0
  let parts = 0
  for (const [, amount, unit] of duration.matchAll(part)) {
    const name = (unit ?? "").toLowerCase()
    const factor = unitMs.get(name) ?? unitMs.get(name.replace(/s$/, ""))
    if (factor === undefined) return undefined
    total += Number(amount) * factor
    parts += 1
  }
  return parts === 0 ? undefined : wholeMs(total)
}

/** A duration as users write it (`"3 days"`, or milliseconds as a number), parsed to milliseconds. */
export const durationSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = toMillis(value)
  if (ms !== undefined) return ms
  context.addIssue({
    code: "custom",
    message: `"${value}" is no duration; write for example "3 days", "90 s" or milliseconds`,
  })
  return z.NEVER
})

/** How users write durations: `"3 days"`, `"24 h"`, or milliseconds. */
export type DurationInput = string | number
