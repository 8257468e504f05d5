import * as fc from "fast-check"
import { decideRetry, defineRetryPolicy, type RetryPolicy, type RetryQuestion, retryDelayMs } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { holds } from "./law.ts"
import { refusalOf, refusedFields } from "./refusal.ts"

const day = 86_400_000

const anyPolicy: fc.Arbitrary<RetryPolicy> = fc
  .record({
    attempts: fc.integer({ min: 1, max: 1_000 }),
    base: fc.integer({ min: 0, max: day }),
    factor: fc.oneof(fc.constantFrom(1, 2, 1_000), fc.double({ min: 1, max: 1_000, noNaN: true })),
    spare: fc.integer({ min: 0, max: 30 * day }),
    jitter: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    deadline: fc.option(fc.integer({ min: 0, max: 90 * day }), { nil: undefined }),
  })
  .map(({ spare, ...policy }) => defineRetryPolicy({ ...policy, cap: policy.base + spare }))

const anyUnit = fc.double({ min: 0, max: 1, noNaN: true })
const anyFailures = fc.integer({ min: 1, max: 1_000 })
const anyInstant = fc.integer({ min: 0, max: 4_000_000_000_000 })

const anyQuestion: fc.Arbitrary<RetryQuestion> = fc
  .record({
    used: fc.integer({ min: 0, max: 1_001 }),
    firstAttemptAt: anyInstant,
    later: fc.integer({ min: 0, max: 30 * day }),
    jitterUnit: anyUnit,
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 10 * day }), { nil: undefined }),
    timeScale: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
  })
  .map(({ later, ...question }) => ({ ...question, at: question.firstAttemptAt + later }))

describe("the retry law", () => {
  test("a policy never gives more attempts than it says, whatever the failures", () => {
    holds(
      fc.property(anyPolicy, fc.array(anyUnit, { minLength: 10, maxLength: 10 }), (anyOf, units) => {
        const policy = { ...anyOf, attempts: 1 + (anyOf.attempts % 8) }
        let at = 0
        let attempts = 1
        for (const jitterUnit of units) {
          const next = decideRetry(policy, { used: attempts, firstAttemptAt: 0, at, jitterUnit })
          if (next === undefined) break
          at = next
          attempts += 1
        }
        expect(attempts).toBeLessThanOrEqual(policy.attempts)
        if (policy.deadlineMs === null) expect(attempts).toBe(policy.attempts)
      }),
    )
  })

  test("a delay is a whole number from the jittered base to the cap", () => {
    holds(
      fc.property(anyPolicy, anyFailures, anyUnit, (policy, failures, unit) => {
        const delay = retryDelayMs(policy, failures, unit)
        expect(Number.isSafeInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(Math.floor(policy.baseMs * (1 - policy.jitter)))
        expect(delay).toBeLessThanOrEqual(policy.capMs)
      }),
      { numRuns: 1_000, examples: [[defineRetryPolicy({ base: 0, factor: 1_000, attempts: 1_000 }), 999, 0.5]] },
    )
  })

  test("without jitter, delays never get shorter and chance changes nothing", () => {
    holds(
      fc.property(anyPolicy, anyFailures, anyUnit, (policy, failures, unit) => {
        const plain = { ...policy, jitter: 0 }
        expect(retryDelayMs(plain, failures + 1, unit)).toBeGreaterThanOrEqual(retryDelayMs(plain, failures, unit))
        expect(retryDelayMs(plain, failures, unit)).toBe(retryDelayMs(plain, failures, 0))
      }),
    )
  })

  test("without jitter the delays are base, base x factor, base x factor x factor, up to the cap", () => {
    const policy = defineRetryPolicy({ base: "1 s", factor: 3, cap: "20 s", jitter: 0 })
    expect([1, 2, 3, 4, 5].map((failures) => retryDelayMs(policy, failures, 0.7))).toEqual([
      1_000, 3_000, 9_000, 20_000, 20_000,
    ])
  })

  test("jitter spreads to both sides of the delay", () => {
    const policy = defineRetryPolicy({ base: "10 s", cap: "1 min", jitter: 0.2 })
    expect([0, 0.5, 1].map((unit) => retryDelayMs(policy, 1, unit))).toEqual([8_000, 10_000, 12_000])
  })

  test("a retry is later than the failure by at least its delay, at most a millisecond more", () => {
    holds(
      fc.property(anyPolicy, anyQuestion, (policy, question) => {
        const next = decideRetry(policy, question)
        if (next === undefined) return
        const delay =
          Math.max(retryDelayMs(policy, question.used, question.jitterUnit), question.retryAfterMs ?? 0) /
          (question.timeScale ?? 1)
        expect(Number.isSafeInteger(next)).toBe(true)
        expect(next - question.at).toBeGreaterThanOrEqual(Math.floor(delay))
        expect(next - question.at).toBeLessThanOrEqual(Math.ceil(delay))
      }),
    )
  })

  test("no retry starts after the deadline, and only attempts or deadline refuse one", () => {
    let refused = 0
    let given = 0
    holds(
      fc.property(anyPolicy, anyQuestion, (policy, question) => {
        const next = decideRetry(policy, question)
        const latest = question.firstAttemptAt + (policy.deadlineMs ?? 0) / (question.timeScale ?? 1)
        if (next !== undefined) {
          given += 1
          expect(question.used).toBeLessThan(policy.attempts)
          if (policy.deadlineMs !== null) expect(next).toBeLessThanOrEqual(latest)
          return
        }
        if (question.used >= policy.attempts) return
        refused += 1
        expect(policy.deadlineMs).not.toBeNull()
        expect(decideRetry({ ...policy, deadlineMs: null }, question)).toBeGreaterThan(latest)
      }),
      { numRuns: 1_000 },
    )
    expect(refused).toBeGreaterThan(0)
    expect(given).toBeGreaterThan(0)
  })

  test("the time scale divides delay and deadline", () => {
    const policy = defineRetryPolicy({ base: "1 hour", jitter: 0, deadline: "2 hours" })
    const question = { used: 1, firstAttemptAt: 0, at: 0, jitterUnit: 0.5 }
    expect(decideRetry(policy, { ...question, timeScale: 3_600 })).toBe(1_000)
    expect(decideRetry(policy, { ...question, at: 1_000, timeScale: 3_600 })).toBe(2_000)
    expect(decideRetry(policy, { ...question, at: 1_001, timeScale: 3_600 })).toBeUndefined()
  })

  test("the same question has the same answer", () => {
    holds(
      fc.property(anyPolicy, anyQuestion, (policy, question) => {
        expect(decideRetry(policy, question)).toBe(decideRetry({ ...policy }, { ...question }))
      }),
    )
  })
})

describe("a retry policy is checked when it is defined", () => {
  test("what is left out has the documented default", () => {
    expect(defineRetryPolicy()).toEqual({
      attempts: 5,
      baseMs: 300_000,
      factor: 2,
      capMs: 14_400_000,
      jitter: 0.2,
      deadlineMs: null,
    })
  })

  test("durations are words or milliseconds", () => {
    expect(defineRetryPolicy({ base: "90 s", cap: 120_000, deadline: "2 days" })).toMatchObject({
      baseMs: 90_000,
      capMs: 120_000,
      deadlineMs: 2 * day,
    })
  })

  test.each([
    ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_001].map((value) => ["attempts", value] as const),
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, "soon", "", "-3 days"].map((value) => ["base", value] as const),
    ...[0, 0.99, -2, Number.NaN, Number.POSITIVE_INFINITY].map((value) => ["factor", value] as const),
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, "0 lightyears"].map((value) => ["cap", value] as const),
    ...[-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY].map((value) => ["jitter", value] as const),
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, "never"].map((value) => ["deadline", value] as const),
  ])("%s: %s is refused by name", (field, value) => {
    expect(refusedFields(() => defineRetryPolicy({ [field]: value }))).toEqual([field])
  })

  test("a cap below the base is refused, also below the default base", () => {
    expect(refusedFields(() => defineRetryPolicy({ base: "2 min", cap: "1 min" }))).toEqual(["cap"])
    expect(refusedFields(() => defineRetryPolicy({ cap: "1 min" }))).toEqual(["cap"])
  })

  test("every wrong field is named at once, in a message that a person can act on", () => {
    const refusal = refusalOf(() => defineRetryPolicy({ attempts: 0, jitter: 7, factor: Number.NaN }))
    expect(refusal).toMatchObject({ _tag: "InvalidInput", code: "invalid-input", retryable: false })
    expect(refusal.issues.map((issue) => issue.path)).toEqual(["attempts", "factor", "jitter"])
    expect(refusal.message).toMatch(/^The retry policy is not valid: attempts: .+factor: .+jitter: /)
  })

  test("an unknown field is refused: a typo must not mean the default", () => {
    const typo: object = { attemps: 3 }
    expect(refusalOf(() => defineRetryPolicy(typo)).message).toContain("attemps")
  })
})
