import type { RetryConfig } from "./types.ts"

/** Three tries; 7.5 minutes after the first, 11.25 after the second. */
export const DEFAULT_RETRY_CONFIG: RetryConfig = { maxAttempts: 3, retryDelayMs: 300_000, backoffMultiplier: 1.5 }

/** What a campaign without a sequence of its own sends. */
export const DEFAULT_TEMPLATE_SEQUENCE: string[] = [
  "welcome_application",
  "followup_24h",
  "followup_3day",
  "followup_7day",
]
