import fc from "fast-check"
import { decideRetry, type RetryPolicy, type RetryQuestion, retryDelayMs } from "sendstate/sdk"
import { anyFailures, anyJitterUnit, type FailedAttempt } from "../arbitraries/retry-policy.ts"

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

/** A question of a story, and what was decided: the instant of the next attempt, `undefined` for none. */
interface Decision {
  readonly question: RetryQuestion
  readonly next: number | undefined
}

/** Attempts one after the other, each as soon as it was decided, until it is given up or the bad luck ends. */
const walk = (
  policy: RetryPolicy,
  decide: typeof decideRetry,
  story: ReadonlyArray<FailedAttempt>,
): ReadonlyArray<Decision> => {
  const decisions: Array<Decision> = []
  let at = 0
  for (const { tookMs, ...failure } of story) {
    const question = { used: decisions.length + 1, firstAttemptAt: 0, at: at + tookMs, ...failure }
    const next = decide(policy, question)
    decisions.push({ question, next })
    if (next === undefined) break
    at = next
  }
  return decisions
}

/** When the policy alone would try again, or the server, if that is later. */
const wantedAt = (policy: RetryPolicy, { used, at, jitterUnit, retryAfterMs }: RetryQuestion): number =>
  at + Math.max(retryDelayMs(policy, used, jitterUnit), retryAfterMs ?? 0)

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
  const always = (holds: (decision: Decision) => boolean): void =>
    check(fc.property(anyFailures, (story) => walk(policy, decide, story).every(holds)))
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
      always(({ question, next }) => next === undefined || question.used < policy.attempts),
    "a retry is never before the failure, and never before the server asked for": () =>
      always(({ question, next }) => next === undefined || next >= question.at + (question.retryAfterMs ?? 0)),
    "no retry starts after the deadline": () =>
      always(({ next }) => next === undefined || policy.deadlineMs === null || next <= policy.deadlineMs),
    "the delay is the policy's, or the server's if that is longer": () =>
      always(({ question, next }) => next === undefined || next === wantedAt(policy, question)),
    "nobody gives up with attempts and time left": () =>
      always(
        ({ question, next }) =>
          next !== undefined ||
          question.used >= policy.attempts ||
          (policy.deadlineMs !== null && wantedAt(policy, question) > policy.deadlineMs),
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
