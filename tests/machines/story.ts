import { type ExecutionRest, type ExecutionStep, startExecution, stepExecution } from "sendstate/machines"
import { defineRetryPolicy, type ExecutionEvent, type RetryPolicy } from "sendstate/sdk"

type EventOf<Type extends ExecutionEvent["type"]> = Extract<ExecutionEvent, { readonly type: Type }>
type Details<Type extends ExecutionEvent["type"]> = Partial<Omit<EventOf<Type>, "type">>

export const at = 1_700_000_000_000

export const policy: RetryPolicy = defineRetryPolicy({ attempts: 3, base: "1 s", factor: 2, cap: "1 min", jitter: 0 })

export const start = (retry: RetryPolicy = policy): ExecutionRest => startExecution({ id: "e1", retry, dueAt: at })

export const due: ExecutionEvent = { type: "DUE", at }
export const retryDue: ExecutionEvent = { type: "RETRY_DUE", at }
export const rendered: ExecutionEvent = { type: "RENDERED", at }
export const accepted: ExecutionEvent = { type: "ACCEPTED", at }
export const unknown: ExecutionEvent = { type: "UNKNOWN", at, stage: "final-dot" }
export const cancel: ExecutionEvent = { type: "CANCEL", at, by: "user" }

export const failed = (details: Details<"FAILED"> = {}): ExecutionEvent => ({
  type: "FAILED",
  at,
  jitterUnit: 0.5,
  retryable: false,
  code: "missing-variable",
  ...details,
})

export const rejected = (details: Details<"REJECTED"> = {}): ExecutionEvent => ({
  type: "REJECTED",
  at,
  jitterUnit: 0.5,
  scope: "recipient",
  retryable: false,
  code: "550",
  ...details,
})

export const notCalled = (details: Details<"NOT_CALLED"> = {}): ExecutionEvent => ({
  type: "NOT_CALLED",
  at,
  code: "shutdown",
  ...details,
})

export const resolve = (details: Details<"RESOLVE"> = {}): ExecutionEvent => ({
  type: "RESOLVE",
  at,
  jitterUnit: 0.5,
  attempt: 1,
  verdict: "notSent",
  by: "user",
  ...details,
})

export const lateReceipt = (
  outcome: EventOf<"LATE_RECEIPT">["outcome"],
  details: Details<"LATE_RECEIPT"> = {},
): ExecutionEvent => ({ type: "LATE_RECEIPT", at, jitterUnit: 0.5, attempt: 1, outcome, ...details })

export const lateRejection = (retryable: boolean, attempt = 1): ExecutionEvent =>
  lateReceipt({ type: "rejected", scope: "recipient", retryable, code: retryable ? "451" : "550" }, { attempt })

export const redrive = (duplicate: boolean): ExecutionEvent => ({ type: "REDRIVE", at, duplicate })

/** Where these events lead; each of them has to be accepted. */
export const follow = (from: ExecutionRest, ...events: ReadonlyArray<ExecutionEvent>): ExecutionStep => {
  let step: ExecutionStep = { ...from, accepted: true, commands: [] }
  for (const event of events) {
    const next = stepExecution(step, event)
    if (!next.accepted) throw new Error(`${event.type} is refused in ${step.state}`)
    step = next
  }
  return step
}

/** From planned to the transport's call: each further one by RETRY_DUE. */
export const attempt: ReadonlyArray<ExecutionEvent> = [due, rendered]
export const nextAttempt: ReadonlyArray<ExecutionEvent> = [retryDue, rendered]
