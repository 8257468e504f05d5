import { clockText, conditionText, momentText, type Repeat, type SendingHours, type Step } from "sendstate/sdk"
import { durationText } from "./duration-text.ts"
import { timeText } from "./time-text.ts"

const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

/** When a step is due, in words. */
export const stepTimeText = ({ afterMs, on, waitUntil }: Step, isFirst: boolean): string => {
  if (waitUntil !== undefined) return `on ${waitUntil}, at the latest after ${durationText(afterMs)}`
  const delay = `${durationText(afterMs)} ${isFirst ? "after enrolling" : "after the one before"}`
  if (on === undefined) return afterMs === 0 ? "at once" : delay
  return afterMs === 0 ? momentText(on) : `${momentText(on)}, at least ${delay}`
}

/** For whom a step is, in words; nothing when it is for all. */
export const stepAudienceText = ({ when = [], variants = [] }: Step): string =>
  [
    ...when.map((question) => `, if ${conditionText(question.if)}`),
    ...(variants.length === 0 ? [] : [`, as ${variants.map(({ name }) => name).join(" or ")}`]),
  ].join("")

/** When mail may be sent, in words. */
export const hoursText = ({ open, weekdays, holidays, zone }: SendingHours, timeZone: string): string =>
  [
    open.map(({ from, to }) => `${clockText(from)}-${clockText(to)}`).join(", "),
    ...(weekdays.length === 7 ? [] : [weekdays.map((day) => dayNames[day]).join(" ")]),
    ...(holidays.length === 0 ? [] : [`${holidays.length} holidays`]),
    zone === "campaign" ? timeZone : `by each lead's clock, else ${timeZone}`,
  ].join("; ")

/** When a campaign comes again, in words. */
export const repeatText = ({ cron, times, until }: Repeat): string =>
  [
    `cron ${cron}`,
    ...(times === null ? [] : [`${times} times`]),
    ...(until === null ? [] : [`until ${timeText(until)}`]),
  ].join(", ")
