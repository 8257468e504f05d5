/**
 * The laws of an own retry policy, tried on thousands of random stories: no server, no waiting, since the policy is a
 * pure function of numbers. node --conditions=sendstate-source examples/retry-laws.ts
 */
import fc from "fast-check"
import { decideRetry, defineRetryPolicy, retryDelayMs } from "sendstate/sdk"

const minute = 60_000
const hour = 60 * minute

const policy = defineRetryPolicy({
  attempts: 6,
  base: "2 minutes",
  factor: 3,
  cap: "1 hour",
  jitter: 0.25,
  deadline: "8 hours",
})

const jitterUnit = fc.double({ min: 0, max: 1, noNaN: true })
/** What servers ask for: mostly nothing, at times more than the policy would wait. */
const retryAfterMs = fc.option(fc.integer({ min: 0, max: 2 * hour }), { nil: undefined })
/** One attempt after the other: how long each took to fail, and what was said. */
const story = fc.array(fc.record({ tookMs: fc.integer({ min: 0, max: 5 * minute }), jitterUnit, retryAfterMs }), {
  minLength: policy.attempts,
  maxLength: policy.attempts,
})

const laws: Readonly<Record<string, () => void>> = {
  "a first retry comes after 90 seconds at the soonest": () =>
    fc.assert(fc.property(jitterUnit, (unit) => retryDelayMs(policy, 1, unit) >= 90_000)),

  "no delay is longer than the cap, however many failures there were": () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), jitterUnit, (failures, unit) => {
        return retryDelayMs(policy, failures, unit) <= hour
      }),
    ),

  "more failures never mean a shorter wait, for the same dice": () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), jitterUnit, (failures, unit) => {
        return retryDelayMs(policy, failures + 1, unit) >= retryDelayMs(policy, failures, unit)
      }),
    ),

  "a server that asks for time gets it, and no story goes on beyond 6 attempts or 8 hours": () =>
    fc.assert(
      fc.property(story, (attempts) => {
        let at = 0
        for (const [index, attempt] of attempts.entries()) {
          const failedAt = at + attempt.tookMs
          const next = decideRetry(policy, { used: index + 1, firstAttemptAt: 0, at: failedAt, ...attempt })
          if (next === undefined) return true
          if (next < failedAt + (attempt.retryAfterMs ?? 0) || next > 8 * hour) return false
          at = next
        }
        return false // it was allowed a seventh attempt
      }),
    ),
}

for (const [law, holds] of Object.entries(laws)) {
  holds()
  console.log(`holds: ${law}`)
}
