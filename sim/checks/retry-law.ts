import type { ExecutionEvent, RetryPolicy } from "../../src/sdk/index.ts"

/** A start of an attempt: when it was, and when the law wanted it. */
export interface Start {
  readonly at: number
  readonly notBefore: number
}

/** What a history says about attempts and their times. */
export interface Attempts {
  readonly starts: ReadonlyArray<Start>
  /** Attempts that counted against the policy, at the most. */
  readonly mostUsed: number
  /** Whether it ended as failed though an attempt was left and the other side had said "later". */
  readonly gaveUpEarly: boolean
}

/** The delay of the law, written down a second time: base * factor^(n-1), spread, within the cap. */
const delayMs = ({ baseMs, factor, capMs, jitter }: RetryPolicy, used: number, unit: number): number => {
  let delay = baseMs
  for (let retry = 1; retry < used && delay < capMs; retry += 1) delay *= factor
  delay = Math.min(delay, capMs)
  return Math.floor(Math.min(capMs, delay * (1 + jitter * (2 * unit - 1))))
}

/** Walks through a history and keeps the books of the retry law, without the machine. */
export const readAttempts = (policy: RetryPolicy, history: ReadonlyArray<ExecutionEvent>, hasFailed: boolean): Attempts => {
  const starts: Start[] = []
  let used = 0
  let mostUsed = 0
  let notBefore = 0
  let mayGoOn = false
  for (const event of history) {
    switch (event.type) {
      case "SCHEDULED":
      case "RESCHEDULE":
        notBefore = event.dueAt
        break
      case "DUE":
      case "RETRY_DUE":
        starts.push({ at: event.at, notBefore })
        used += 1
        mostUsed = Math.max(mostUsed, used)
        break
      case "FAILED":
      case "REJECTED": {
        const isBlameless = event.type === "REJECTED" && (event.scope === "host" || event.scope === "config")
        if (isBlameless) used -= 1
        const wish = event.type === "REJECTED" ? (event.retryAfterMs ?? 0) : 0
        const isConfig = event.type === "REJECTED" && event.scope === "config"
        notBefore = event.at + (isConfig ? 0 : Math.max(wish, delayMs(policy, used, event.jitterUnit)))
        mayGoOn = (event.retryable || isBlameless) && used < policy.attempts
        break
      }
      case "NOT_CALLED":
        used -= 1
        notBefore = event.at
        break
      case "RESOLVE":
        notBefore =
          event.at + (event.by === "policy" || event.by === "idempotency" ? delayMs(policy, used, event.jitterUnit) : 0)
        break
      case "LATE_RECEIPT":
        // It may prove that an attempt was none, or be a rejection of its own.
        if (event.outcome.type === "notCalled") used -= 1
        notBefore = 0
        break
      case "REDRIVE":
        used = 0
        notBefore = event.at
        break
      default:
        break
    }
  }
  const last = history.at(-1)?.type
  return { starts, mostUsed, gaveUpEarly: hasFailed && mayGoOn && (last === "FAILED" || last === "REJECTED") }
}
