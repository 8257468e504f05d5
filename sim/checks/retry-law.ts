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

type Failure = Pick<Extract<ExecutionEvent, { type: "FAILED" }>, "retryable"> &
  Partial<Pick<Extract<ExecutionEvent, { type: "REJECTED" }>, "scope" | "retryAfterMs" | "reroute">>

/** The delay of the law, written down a second time: base * factor^(n-1), spread, within the cap. */
const delayMs = ({ baseMs, factor, capMs, jitter }: RetryPolicy, used: number, unit: number): number => {
  let delay = baseMs
  for (let retry = 1; retry < used && delay < capMs; retry += 1) delay *= factor
  delay = Math.min(delay, capMs)
  return Math.floor(Math.min(capMs, delay * (1 + jitter * (2 * unit - 1))))
}

/** Walks through a history and keeps the books of the retry law, without the machine. */
export const readAttempts = (
  policy: RetryPolicy,
  history: ReadonlyArray<ExecutionEvent>,
  hasFailed: boolean,
): Attempts => {
  const starts: Start[] = []
  let attempt = 0
  let used = 0
  let mostUsed = 0
  let notBefore = 0
  let mayGoOn = false
  let isInDoubt = false

  const fail = (at: number, jitterUnit: number, failure: Failure): void => {
    const isConfig = failure.scope === "config"
    const isBlameless = isConfig || failure.scope === "host"
    if (isBlameless) used -= 1
    // Nobody has to wait for a host that is in trouble when another one takes the mail.
    const atOnce = isConfig || failure.reroute === true
    notBefore = at + (atOnce ? 0 : Math.max(failure.retryAfterMs ?? 0, delayMs(policy, used, jitterUnit)))
    mayGoOn = (failure.retryable || isBlameless) && used < policy.attempts
  }

  for (const event of history) {
    switch (event.type) {
      case "SCHEDULED":
      case "RESCHEDULE":
        notBefore = event.dueAt
        break
      case "DUE":
      case "RETRY_DUE":
        starts.push({ at: event.at, notBefore })
        attempt += 1
        used += 1
        mostUsed = Math.max(mostUsed, used)
        mayGoOn = false
        break
      case "FAILED":
      case "REJECTED":
        fail(event.at, event.jitterUnit, event)
        break
      case "NOT_CALLED":
        used -= 1
        notBefore = event.at
        break
      case "UNKNOWN":
        isInDoubt = true
        break
      case "RESOLVE":
        isInDoubt = false
        notBefore =
          event.at + (event.by === "policy" || event.by === "idempotency" ? delayMs(policy, used, event.jitterUnit) : 0)
        break
      case "LATE_RECEIPT":
        // Evidence about another attempt than the one in doubt decides nothing.
        if (!isInDoubt || event.attempt !== attempt) break
        isInDoubt = false
        if (event.outcome.type === "rejected") fail(event.at, event.jitterUnit, event.outcome)
        else if (event.outcome.type === "notCalled") {
          used -= 1
          notBefore = event.at
        }
        break
      case "REDRIVE":
        used = 0
        notBefore = event.at
        break
      default:
        break
    }
  }
  return { starts, mostUsed, gaveUpEarly: hasFailed && mayGoOn }
}
