import * as z from "zod"
import { type DurationInput, durationSchema } from "./domain/duration.ts"
import { parse } from "./schema.ts"

/**
 * How often and when a failed attempt is tried again. Plain JSON: it travels inside each execution, so that a change
 * of the campaign never changes what is already planned.
 */
export interface RetryPolicy {
  /** Attempts in all, the first one included; at least 1. */
  readonly attempts: number
  /** Delay before the first retry, milliseconds. */
  readonly baseMs: number
  /** Each further delay is this many times the one before; at least 1. */
  readonly factor: number
  /** No delay is longer, milliseconds. */
  readonly capMs: number
  /** Share of the delay that is spread at random to both sides, 0 to 1. */
  readonly jitter: number
  /** No retry starts later than this after the first attempt, milliseconds; `null` for no deadline. */
  readonly deadlineMs: number | null
}

/** A retry policy as users write it; what is left out has the default. */
export interface RetryPolicyInput {
  /** Default 5. */
  readonly attempts?: number | undefined
  /** Default `"5 minutes"`. */
  readonly base?: DurationInput | undefined
  /** Default 2. */
  readonly factor?: number | undefined
  /** Default `"4 hours"`. */
  readonly cap?: DurationInput | undefined
  /** Default 0.2. */
  readonly jitter?: number | undefined
  /** Default: none. */
  readonly deadline?: DurationInput | undefined
}

/** Checks and completes a {@link RetryPolicyInput}; refuses NaN, infinite or negative values, 0 attempts and a cap below the base. */
export const retryPolicySchema = z
  .strictObject({
    attempts: z.int().min(1).max(1_000).default(5),
    base: durationSchema.default(300_000),
    factor: z.number().min(1).max(1_000).default(2),
    cap: durationSchema.default(14_400_000),
    jitter: z.number().min(0).max(1).default(0.2),
    deadline: durationSchema.optional(),
  })
  .refine((policy) => policy.cap >= policy.base, { path: ["cap"], message: "the cap is shorter than the base" })
  .transform(
    ({ attempts, base, factor, cap, jitter, deadline }): RetryPolicy => ({
      attempts,
      baseMs: base,
      factor,
      capMs: cap,
      jitter,
      deadlineMs: deadline ?? null,
    }),
  )

/**
 * A checked retry policy.
 *
 * @example
 * ```ts
 * const policy = defineRetryPolicy({ attempts: 4, base: "1 minute", cap: "1 hour" })
 * ```
 * @throws InvalidInput naming each field that makes no sense.
 */
export const defineRetryPolicy = (input: RetryPolicyInput = {}): RetryPolicy =>
  parse(retryPolicySchema, input, "The retry policy")

/**
 * The delay after the `failures`-th failed attempt, in whole milliseconds:
 * `min(cap, base * factor^(failures - 1))`, spread by `jitter` to both sides, never beyond the cap.
 *
 * Pure: `jitterUnit` (0 to 1) is the random number, given by the caller.
 */
export const retryDelayMs = (policy: RetryPolicy, failures: number, jitterUnit: number): number => {
  // Infinity is fine here, but 0 * Infinity is not a number.
  const grown = policy.baseMs === 0 ? 0 : policy.baseMs * policy.factor ** (Math.max(1, failures) - 1)
  const raw = Math.min(policy.capMs, grown)
  const spread = 1 - policy.jitter + 2 * policy.jitter * jitterUnit
  return Math.floor(Math.min(policy.capMs, raw * spread))
}

/** When and whether a failed attempt is tried again: see {@link decideRetry}. */
export interface RetryQuestion {
  /** Attempts used up, the failed one included. */
  readonly used: number
  /** When the first attempt began, epoch ms. */
  readonly firstAttemptAt: number
  /** When it failed, epoch ms. */
  readonly at: number
  /** 0 to 1. */
  readonly jitterUnit: number
  /** Lower bound of the delay (a server's wish), ms. */
  readonly retryAfterMs?: number | undefined
  /** How much faster campaign time runs than real time; default 1. */
  readonly timeScale?: number | undefined
}

/**
 * The instant of the next attempt, or `undefined` when no attempt is left or it would start after the deadline.
 *
 * Pure and total: this is the retry law of sendstate. With a `timeScale` all campaign time (delays, deadline) is
 * divided by it.
 */
export const decideRetry = (policy: RetryPolicy, question: RetryQuestion): number | undefined => {
  if (question.used >= policy.attempts) return undefined
  const scale = question.timeScale ?? 1
  const delay = Math.max(retryDelayMs(policy, question.used, question.jitterUnit), question.retryAfterMs ?? 0)
  const nextAt = Math.ceil(question.at + delay / scale)
  const latest =
    policy.deadlineMs === null ? Number.POSITIVE_INFINITY : question.firstAttemptAt + policy.deadlineMs / scale
  return nextAt <= latest ? nextAt : undefined
}
