import * as z from "zod"

/** Minutes of a day: 1440. */
export const dayMinutes = 1_440

const clockTime = /^(\d{1,2}):(\d{2})$/

/** Minutes since midnight of `"09:30"`; `"24:00"` is the day's end; `undefined` for what is no time of day. */
export const minuteOf = (text: string): number | undefined => {
  const match = clockTime.exec(text.trim())
  if (match === null) return undefined
  const hour = Number(match[1])
  const minute = Number(match[2])
  return minute < 60 && hour * 60 + minute <= dayMinutes ? hour * 60 + minute : undefined
}

/** `"09:30"` of minutes since midnight. */
export const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`

/** A part of the day: minutes since midnight, `from` included, `to` not. */
export interface DaySpan {
  readonly from: number
  readonly to: number
}

/** The parts of a day that `"22:00-06:00"` covers: two, when it goes over midnight. */
const spansOf = (text: string): ReadonlyArray<DaySpan> | undefined => {
  const [first, second, more] = text.split(/\s*[-–]\s*/)
  const from = minuteOf(first ?? "")
  const to = minuteOf(second ?? "")
  if (from === undefined || to === undefined || more !== undefined || from === to || from === dayMinutes)
    return undefined
  const spans =
    from < to
      ? [{ from, to }]
      : [
          { from, to: dayMinutes },
          { from: 0, to },
        ]
  return spans.filter((span) => span.from < span.to)
}

/** Parts of the day as users write them: `"09:00-17:00"`, or several. */
export const daySpansSchema = z
  .union([z.string(), z.array(z.string()).min(1).max(24)])
  .transform((value, context): ReadonlyArray<DaySpan> => {
    const texts = typeof value === "string" ? value.split(",") : value
    return texts.flatMap((text) => {
      const spans = spansOf(text.trim())
      if (spans !== undefined) return spans
      context.addIssue({ code: "custom", message: `"${text}" is no part of a day; write for example "09:00-17:30"` })
      return z.NEVER
    })
  })

/** What is left of these parts of the day without those, in order and without overlaps. */
export const spansWithout = (
  spans: ReadonlyArray<DaySpan>,
  without: ReadonlyArray<DaySpan>,
): ReadonlyArray<DaySpan> => {
  const covers = (list: ReadonlyArray<DaySpan>, minute: number): boolean =>
    list.some(({ from, to }) => from <= minute && minute < to)
  const edges = [...new Set([...spans, ...without].flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  const left: DaySpan[] = []
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1]
    if (to === undefined || !covers(spans, from) || covers(without, from)) continue
    const last = left.at(-1)
    if (last?.to === from) left[left.length - 1] = { from: last.from, to }
    else left.push({ from, to })
  }
  return left
}
