import fc from "fast-check"
import { decideRetry, type RetryPolicy, retryDelayMs } from "sendstate/sdk"
import { anyFailures, anyJitterUnit } from "../arbitraries/retry-policy.ts"

/** What {@link retryLaws} tries. */
export interface RetryLawsOptions {
  /** Stories for each law; default 1,000. */
  readonly runs?: number
  /** The function that decides; default: `decideRetry`. Give your own to hold it to the same laws. */
  readonly decide?: typeof decideRetry
}

/** A law by its name, and a property that throws with the smallest story that breaks it. */
export type RetryLaws = Readonly<Record<string, () => void>>

const failures = fc.integer({ min: 1, max: 10_000 })

/**
 * The laws that every retry policy keeps, to be tried on your own: no server, no waiting, since a policy is a pure
 * function of numbers.
 *
 * @example
 * ```ts
 * for (const [law, holds] of Object.entries(retryLaws(defineRetryPolicy({ attempts: 4 })))) test(law, holds)
 * ```
 */
export const retryLaws = (
  policy: RetryPolicy,
  { runs = 1_000, decide = decideRetry }: RetryLawsOptions = {},
): RetryLaws => {
  const check = <Values>(property: fc.IProperty<Values>): void => fc.assert(property, { numRuns: runs })
  return {
    "a delay is a whole number of milliseconds, from nothing to the cap": () =>
      check(
        fc.property(failures, anyJitterUnit, (count, unit) => {
          const delay = retryDelayMs(policy, count, unit)
          return Number.isSafeInteger(delay) && delay >= 0 && delay <= policy.capMs
        }),
      ),
    "a first delay is at least the base less its jitter": () =>
      check(
        fc.property(
          anyJitterUnit,
          (unit) => retryDelayMs(policy, 1, unit) >= Math.floor(policy.baseMs * (1 - policy.jitter)),
        ),
      ),
    "more failures never mean a shorter wait, for the same dice": () =>
      check(
        fc.property(failures, anyJitterUnit, (count, unit) => {
          return retryDelayMs(policy, count + 1, unit) >= retryDelayMs(policy, count, unit)
        }),
      ),
    "no story goes on beyond the attempts": () =>
      check(
        fc.property(anyFailures, (story) => {
          let at = 0
          let used = 0
          for (const { tookMs, jitterUnit, retryAfterMs } of story) {
            used += 1
            const next = decide(policy, { used, firstAttemptAt: 0, at: at + tookMs, jitterUnit, retryAfterMs })
            if (next === undefined) return used <= policy.attempts
            at = next
          }
          return used < policy.attempts
        }),
      ),
    "a retry is never before the failure, and never before the server asked for": () =>
      check(
        fc.property(anyFailures, ([first]) => {
          if (first === undefined) return true
          const { tookMs, jitterUnit, retryAfterMs } = first
          const next = decide(policy, { used: 1, firstAttemptAt: 0, at: tookMs, jitterUnit, retryAfterMs })
          return next === undefined || next >= tookMs + (retryAfterMs ?? 0)
        }),
      ),
    "no retry starts after the deadline": () =>
      check(
        fc.property(anyFailures, ([first]) => {
          if (first === undefined || policy.deadlineMs === null) return true
          const { tookMs, jitterUnit, retryAfterMs } = first
          const next = decide(policy, { used: 1, firstAttemptAt: 0, at: tookMs, jitterUnit, retryAfterMs })
          return next === undefined || next <= policy.deadlineMs
        }),
      ),
    "the same question has the same answer": () =>
      check(
        fc.property(anyFailures, ([first]) => {
          if (first === undefined) return true
          const { tookMs, ...rest } = first
          const question = { used: 1, firstAttemptAt: 0, at: tookMs, ...rest }
          const answers = [decide(policy, question), decide(policy, question)]
          return answers[0] === answers[1]
        }),
      ),
  }
}
