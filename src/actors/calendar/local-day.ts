import * as DateTime from "effect/DateTime"
import { dayMinutes } from "../../sdk/index.ts"

/** A day of the calendar, in no zone. */
export interface LocalDay {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

/** An instant as the zone's clocks and calendars show it. */
export interface LocalTime extends LocalDay {
  /** Minutes since midnight. */
  readonly minute: number
}

// Making a zone costs a hundred times as much as using it.
const zones = new Map<string, DateTime.TimeZone>()

const zoneOf = (name: string): DateTime.TimeZone => {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = DateTime.zoneMakeNamedUnsafe(name)
  zones.set(name, zone)
  return zone
}

/** What clocks in the zone show at this instant (epoch ms). */
export const localTimeOf = (zone: string, at: number): LocalTime => {
  const { year, month, day, hour, minute } = DateTime.toParts(DateTime.makeZonedUnsafe(at, { timeZone: zoneOf(zone) }))
  return { year, month, day, minute: hour * 60 + minute }
}

/** So many days later. */
export const daysAfter = ({ year, month, day }: LocalDay, days: number): LocalDay => {
  const date = new Date(Date.UTC(year, month - 1, day + days))
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** 0 (Sunday) to 6. */
export const weekdayOfDay = ({ year, month, day }: LocalDay): number =>
  new Date(Date.UTC(year, month - 1, day)).getUTCDay()

/** `2026-12-25`. */
export const dayText = ({ year, month, day }: LocalDay): string =>
  `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`

/**
 * The instant (epoch ms) at which clocks in the zone show this minute of the day; 1440 is the next midnight. A time that
 * a change of the clocks leaves out is the same distance after the change; one that comes twice is the first of both.
 */
export const instantOf = (zone: string, on: LocalDay, minute: number): number => {
  const { year, month, day } = minute === dayMinutes ? daysAfter(on, 1) : on
  const rest = minute % dayMinutes
  return DateTime.toEpochMillis(
    DateTime.makeZonedUnsafe(
      { year, month, day, hour: Math.floor(rest / 60), minute: rest % 60 },
      { timeZone: zoneOf(zone), adjustForTimeZone: true, disambiguation: "compatible" },
    ),
  )
}

/**
 * The first instant (epoch ms) of the day at which clocks in the zone show this minute or a later one; 1440 is the next
 * midnight. For a time that a change of the clocks leaves out that is the change itself.
 */
export const edgeOf = (zone: string, on: LocalDay, minute: number): number => {
  const day = dayText(minute === dayMinutes ? daysAfter(on, 1) : on)
  const rest = minute % dayMinutes
  const showsIt = (at: number): boolean => {
    const local = localTimeOf(zone, at)
    return dayText(local) === day && local.minute >= rest
  }
  let at = instantOf(zone, on, minute)
  if (localTimeOf(zone, at).minute !== rest) while (showsIt(at - 60_000)) at -= 60_000
  return at
}
