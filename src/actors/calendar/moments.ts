import { type Moment, momentText, nextOfCron, type Reason } from "../../sdk/index.ts"
import { daysAfter, instantOf, localTimeOf } from "./local-day.ts"
import { SpanCache } from "./span-cache.ts"

/** When something recurring is true next. `to`: up to when the answer is the same, not included. */
interface Found {
  readonly value: number
  readonly to: number
}

const caches = new WeakMap<object, SpanCache<number>>()

const cached = (rule: object, zone: string, at: number, find: () => Found): number => {
  let cache = caches.get(rule)
  if (cache === undefined) {
    cache = new SpanCache()
    caches.set(rule, cache)
  }
  return cache.get(zone, at, () => ({ from: at, ...find() }))
}

const findCron = (cron: string, zone: string, at: number): Found => {
  const value = nextOfCron(cron, zone, at) ?? Number.POSITIVE_INFINITY
  return { value, to: value }
}

const find = ({ day, minute }: Moment, zone: string, at: number): Found => {
  const time = `${minute % 60} ${Math.floor(minute / 60)}`
  switch (day.type) {
    case "any":
      return findCron(`${time} * * *`, zone, at)
    case "weekday":
      return findCron(`${time} * * ${day.weekday}`, zone, at)
    case "monthday":
      return findCron(`${time} ${day.monthday} * *`, zone, at)
    case "next": {
      const tomorrow = daysAfter(localTimeOf(zone, at), 1)
      return { value: instantOf(zone, tomorrow, minute), to: instantOf(zone, tomorrow, 0) }
    }
    case "date": {
      const [year = 0, month = 0, date = 0] = day.date.split("-").map(Number)
      return { value: instantOf(zone, { year, month, day: date }, minute), to: Number.POSITIVE_INFINITY }
    }
  }
}

/**
 * When the rule is next true after this instant (epoch ms), by the zone's clocks. A date is its instant, also when that
 * has passed.
 */
export const nextMoment = (moment: Moment, zone: string, at: number): number =>
  cached(moment, zone, at, () => find(moment, zone, at))

/**
 * When the cron expression matches next after this instant (epoch ms), by the zone's clocks; `undefined` for one that never
 * comes, which an earlier version stored.
 */
export const nextMatch = (rule: { readonly cron: string }, zone: string, at: number): number | undefined => {
  const found = cached(rule, zone, at, () => findCron(rule.cron, zone, at))
  return found === Number.POSITIVE_INFINITY ? undefined : found
}

/** Why something waits for its moment. */
export const momentReason = (moment: Moment, zone: string): Reason => ({
  code: "moment",
  text: `${momentText(moment)} ${zone}`,
})
