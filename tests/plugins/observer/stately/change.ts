import { type ExecutionRest, startExecution, stepExecution } from "sendstate/machines"
import { defineRetryPolicy, type ExecutionChanged, type ExecutionEvent } from "sendstate/sdk"

export const at = 1_700_000_000_000

export const due: ExecutionEvent = { type: "DUE", at }
export const rendered: ExecutionEvent = { type: "RENDERED", at }
export const accepted: ExecutionEvent = { type: "ACCEPTED", at }
export const unknown: ExecutionEvent = { type: "UNKNOWN", at, stage: "final-dot" }

/** An execution that tells what an observer hears of it, commit by commit. */
export const liveExecution = (executionId: string, campaignId = "spring") => {
  let rest: ExecutionRest = startExecution({ id: executionId, retry: defineRetryPolicy(), dueAt: at })
  return (...events: ReadonlyArray<ExecutionEvent>): ExecutionChanged => {
    for (const event of events) rest = stepExecution(rest, event)
    return {
      type: "execution",
      at,
      campaignId,
      executionId,
      step: 0,
      state: rest.state,
      context: rest.context,
      events,
    }
  }
}
