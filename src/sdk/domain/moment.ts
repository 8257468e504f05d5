import * as z from "zod"
import { clockText, dayMinutes, minuteOf } from "./day-time.ts"
import { isDay } from "./instant.ts"
import { weekdayOf } from "./weekday.ts"

/** A calendar rule: on which day, and at which minute of it by the zone's clocks. */
export interface Moment {
  readonly day:
    | { readonly type: "any" }
    /** The day after the one on which the delay is over. */
    | { readonly type: "next" }
    /** 0 (Sunday) to 6. */
    | { readonly type: "weekday"; readonly weekday: number }
    /** 1 to 31; months without it are left out. */
    | { readonly type: "monthday"; readonly monthday: number }
    /** `YYYY-MM-DD`. */
    | { readonly type: "date"; readonly date: string }
  readonly minute: number
}

const dayOf = (text: string): Moment["day"] | undefined => {
  if (text === "") return { type: "any" }
  if (/^(the )?next day$/.test(text)) return { type: "next" }
  const monthday = /^(?:the )?day (\d{1,2})$/.exec(text)?.[1]
  if (monthday !== undefined)
    return Number(monthday) >= 1 && Number(monthday) <= 31
      ? { type: "monthday", monthday: Number(monthday) }
      : undefined
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return isDay(text) ? { type: "date", date: text } : undefined
  const weekday = weekdayOf(text.replace(/^next /, ""))
  return weekday === undefined ? undefined : { type: "weekday", weekday }
}

/** A moment of `"next day at 09:00"`; `undefined` for what is none. */
export const parseMoment = (text: string): Moment | undefined => {
  const match = /^(.*?)\s*(?:\bat\s+|\s)(\d{1,2}:\d{2})$/.exec(` ${text.trim().toLowerCase()}`)
  const day = dayOf((match?.[1] ?? "?").trim())
  const minute = minuteOf(match?.[2] ?? "")
  return day === undefined || minute === undefined || minute === dayMinutes ? undefined : { day, minute }
}

/** A step's `on` as users write it: `"next day at 09:00"`, `"monday at 09:00"`, `"day 1 at 10:00"`, `"2026-12-24 at 16:00"`, `"at 09:00"`. */
export const momentSchema = z.string().transform((text, context): Moment => {
  const moment = text.length > 60 ? undefined : parseMoment(text)
  if (moment !== undefined) return moment
  context.addIssue({
    code: "custom",
    message: `"${text}" is no calendar rule; write for example "next day at 09:00", "monday at 09:00", "day 1 at 10:00", "2026-12-24 at 16:00" or "at 09:00"`,
  })
  return z.NEVER
})

const weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

/** The rule in words. */
export const momentText = ({ day, minute }: Moment): string => {
  const time = clockText(minute)
  switch (day.type) {
    case "any":
      return `at ${time}`
    case "next":
      return `next day at ${time}`
    case "weekday":
      return `${weekdayNames[day.weekday]} at ${time}`
    case "monthday":
      return `day ${day.monthday} at ${time}`
    case "date":
      return `${day.date} at ${time}`
  }
}
