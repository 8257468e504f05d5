import * as Cron from "effect/Cron"
import * as Result from "effect/Result"

/**
 * When a cron expression matches next after an instant (both epoch ms), by the zone's clocks; `undefined` for one that
 * never comes, like the 30th of February.
 */
export const nextOfCron = (cron: string, zone: string, after: number): number | undefined =>
  // It throws when it has looked through the centuries.
  Result.getOrUndefined(Result.try(() => Cron.next(Cron.parseUnsafe(cron, zone), new Date(after)).getTime()))

/** What is wrong with a cron expression of five fields: that it is none, or that it never comes; `undefined` for nothing. */
export const cronProblem = (text: string): "noCron" | "never" | undefined => {
  if (text.length > 200 || text.trim().split(/\s+/).length !== 5 || Result.isFailure(Cron.parse(text))) return "noCron"
  return nextOfCron(text, "UTC", 0) === undefined ? "never" : undefined
}

/** What is said of a cron expression that never comes. */
export const neverComes = (cron: string): string =>
  `"${cron.trim()}" never comes: none of its months has such a day; write for example "0 9 28 2 *"`
