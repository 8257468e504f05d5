import { clockText, type Reason, type SendingHours } from "../../sdk/index.ts"
import { daysAfter, dayText, edgeOf, type LocalDay, localTimeOf, weekdayOfDay } from "./local-day.ts"
import { SpanCache } from "./span-cache.ts"

/** A time in which mail may be sent, epoch ms; `closesAt` is not included. */
export interface OpenSpan {
  readonly opensAt: number
  readonly closesAt: number
}

/** Further than any row of holidays goes. */
const maxDays = 4_000

const caches = new WeakMap<SendingHours, SpanCache<OpenSpan>>()

const isOpenDay = ({ weekdays, holidays }: SendingHours, day: LocalDay): boolean => {
  if (!weekdays.includes(weekdayOfDay(day))) return false
  const text = dayText(day)
  return !holidays.includes(text) && !holidays.includes(text.slice(5))
}

const findOpen = (hours: SendingHours, zone: string, at: number): OpenSpan => {
  const today = localTimeOf(zone, at)
  for (let days = 0; days < maxDays; days += 1) {
    const day = daysAfter(today, days)
    if (!isOpenDay(hours, day)) continue
    for (const { from, to } of hours.open) {
      const opensAt = edgeOf(zone, day, from)
      const closesAt = edgeOf(zone, day, to)
      // Empty where a change of the clocks leaves the whole of it out.
      if (at < closesAt && opensAt < closesAt) return { opensAt, closesAt }
    }
  }
  return { opensAt: at + maxDays * 86_400_000, closesAt: at + (maxDays + 1) * 86_400_000 }
}

/** The open time that contains this instant (epoch ms), or the next one after it. */
export const openSpanAt = (hours: SendingHours, zone: string, at: number): OpenSpan => {
  let cache = caches.get(hours)
  if (cache === undefined) {
    cache = new SpanCache()
    caches.set(hours, cache)
  }
  return cache.get(zone, at, () => {
    const value = findOpen(hours, zone, at)
    return { from: at, to: value.closesAt, value }
  })
}

/** Why something waits for an open time. */
export const windowReason = (zone: string, opensAt: number): Reason => {
  const local = localTimeOf(zone, opensAt)
  return { code: "window", text: `window opens ${dayText(local)} ${clockText(local.minute)} ${zone}` }
}
