import type { RetryPolicyInput } from "sendstate/sdk"
import type { CampaignExecution, RetryConfig, RetryStats } from "./types.ts"

/** Ten years: the old policy had no cap. */
const capMs = 315_360_000_000

/** `floor(retryDelayMs * backoffMultiplier ^ attempts)`, milliseconds; `attempts` counts the try that has just failed. */
export const retryDelayOf = (config: RetryConfig, attempts: number): number =>
  Math.min(capMs, Math.floor(config.retryDelayMs * config.backoffMultiplier ** attempts))

/** Whether there is a try left. */
export const hasTryLeft = (config: RetryConfig, { attempts }: Pick<CampaignExecution, "attempts">): boolean =>
  attempts < config.maxAttempts

/**
 * The native policy with the same delays. Its exponent begins at 0 where the old one begins at 1, so its base is the old
 * delay after the first try. Native delays are whole and do not shrink: what differs is corrected as it comes.
 */
export const nativePolicyOf = (config: RetryConfig): RetryPolicyInput => {
  const base = Math.floor(Math.min(capMs, config.retryDelayMs * config.backoffMultiplier))
  return {
    attempts: Math.min(1_000, Math.max(1, Math.floor(config.maxAttempts))),
    base,
    factor: Math.min(1_000, Math.max(1, config.backoffMultiplier)),
    cap: capMs,
    jitter: 0,
  }
}

/** Where an execution stands with its tries. */
export const retryStatsOf = (config: RetryConfig, execution: CampaignExecution): RetryStats => {
  const canRetry = hasTryLeft(config, execution)
  return {
    attempts: execution.attempts,
    maxAttempts: config.maxAttempts,
    canRetry,
    ...(canRetry ? { nextRetryDelay: retryDelayOf(config, execution.attempts) } : {}),
  }
}
