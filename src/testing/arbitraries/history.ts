import type * as fc from "fast-check"
import { type ExecutionRest, startExecution, stepExecution } from "sendstate/machines"
import type { ExecutionEvent } from "sendstate/sdk"
import { anyEventSequence } from "./event-sequence.ts"
import { anyRetryPolicy } from "./retry-policy.ts"

/** A history that really can be: what an execution heard and took, and where that led. */
export interface ArbitraryHistory {
  readonly start: ExecutionRest
  /** The events that the machine took, in order. */
  readonly events: ReadonlyArray<ExecutionEvent>
  readonly end: ExecutionRest
}

/** Valid histories of an execution: replaying `events` from `start` gives `end`. */
export const anyHistory: fc.Arbitrary<ArbitraryHistory> = anyRetryPolicy.chain((retry) =>
  anyEventSequence.map((offered) => {
    const start = startExecution({ id: "execution", retry, dueAt: 0 })
    let end: ExecutionRest = start
    const events: Array<ExecutionEvent> = []
    for (const event of offered) {
      const { accepted, state, context } = stepExecution(end, event)
      if (!accepted) continue
      events.push(event)
      end = { state, context }
    }
    return { start, events, end }
  }),
)
