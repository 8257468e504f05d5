import * as fc from "fast-check"
import { defineRetryPolicy, type RetryPolicy, type RetryQuestion } from "sendstate/sdk"

const dayMs = 86_400_000

/** Retry policies that the schema takes; they shrink to few attempts, short delays and no jitter. */
export const anyRetryPolicy: fc.Arbitrary<RetryPolicy> = fc
  .record({
    attempts: fc.integer({ min: 1, max: 12 }),
    base: fc.integer({ min: 0, max: dayMs }),
    factor: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.double({ min: 1, max: 10, noNaN: true })),
    spare: fc.integer({ min: 0, max: 7 * dayMs }),
    jitter: fc.oneof(fc.constantFrom(0, 0.2, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    deadline: fc.option(fc.integer({ min: 0, max: 30 * dayMs }), { nil: undefined }),
  })
  .map(({ spare, ...policy }) => defineRetryPolicy({ ...policy, cap: policy.base + spare }))

/** The random number of a decision, 0 to 1. */
export const anyJitterUnit: fc.Arbitrary<number> = fc.double({ min: 0, max: 1, noNaN: true })

/** One failed attempt: how long it took, and what the other side asked for. */
export interface FailedAttempt {
  readonly tookMs: number
  readonly jitterUnit: number
  readonly retryAfterMs: RetryQuestion["retryAfterMs"]
}

/** Failures one after the other, 1 to 40: a script of bad luck. */
export const anyFailures: fc.Arbitrary<ReadonlyArray<FailedAttempt>> = fc.array(
  fc.record({
    tookMs: fc.integer({ min: 0, max: 600_000 }),
    jitterUnit: anyJitterUnit,
    // Mostly nothing, at times more than a policy would wait.
    retryAfterMs: fc.option(fc.integer({ min: 0, max: dayMs }), { nil: undefined, freq: 2 }),
  }),
  { minLength: 1, maxLength: 40 },
)
