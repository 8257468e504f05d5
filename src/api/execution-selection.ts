import type { RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import { actOnSelection, type SelectionAction, type SelectionResult } from "../actors/selection/acting.ts"
import { readSelection, type SelectionFilter } from "../actors/selection/filter.ts"
import { type PreviewLimit, previewSelection, type SelectionPreview } from "../actors/selection/previewing.ts"
import type { DurationInput } from "../sdk/index.ts"
import type { WaitOptions } from "./event-stream.ts"
import type { PromiseRunner } from "./promise.ts"

/** To when executions are moved. */
export type RescheduleTo =
  /** To this instant, epoch ms. */
  | number
  | {
      /** So much later than each is planned: `"2 days"`, or milliseconds. */
      readonly by: DurationInput
      /**
       * Epoch ms; those that were moved by hand then or later are left alone. Default now: each call moves once more. To go
       * on with a call that was cut off, give the instant at which that one began.
       */
      readonly asOf?: number | undefined
    }

/**
 * Executions chosen by a filter. Each method reads them page by page, changes each in a durable step of its own, and answers
 * counts: memory does not grow with their number. An abort is heard between pages; what was done stays, and asking again
 * does nothing twice.
 */
export interface ExecutionSelection {
  /** What it holds now, and what each action would do to it. Changes nothing. */
  preview(options?: WaitOptions & PreviewLimit): Promise<SelectionPreview>
  /**
   * Cancels what has not ended. `applied`: nothing more is sent (`mayHaveArrived` of them were in doubt). `requested`: a send
   * is under way, and its outcome decides; it is not waited for.
   */
  cancel(options?: WaitOptions): Promise<SelectionResult>
  /** Runs failed executions again, each with a new budget; `duplicate` accepts a second copy where an attempt may have arrived. */
  retry(options?: WaitOptions & { readonly duplicate?: boolean }): Promise<SelectionResult>
  /** Moves what waits. @throws InvalidInput for what is no instant or no duration. */
  reschedule(to: RescheduleTo, options?: WaitOptions): Promise<SelectionResult>
  /**
   * Sends again what was not sent: what failed; with `inDoubt` also where an attempt may have been delivered, in doubt or
   * failed since, as possible second copies (`mayHaveArrived`). What was sent is refused, always.
   */
  resend(options?: WaitOptions & { readonly inDoubt?: boolean }): Promise<SelectionResult>
}

/** The Promise face of a selection. @throws InvalidInput */
export const makeExecutionSelection = (
  runner: PromiseRunner<RuntimeActor>,
  runtime: RuntimeActor["Service"],
  filter: SelectionFilter,
): ExecutionSelection => {
  const selection = readSelection(filter)
  const act = (action: SelectionAction, { signal }: WaitOptions) =>
    runner.run(actOnSelection(runtime, selection, action), signal)
  return {
    preview: ({ signal, ...limit } = {}) => runner.run(previewSelection(runtime, selection, limit), signal),
    cancel: (options = {}) => act({ type: "cancel" }, options),
    retry: ({ duplicate = false, ...options } = {}) => act({ type: "retry", duplicate }, options),
    reschedule: (to, options = {}) =>
      act(typeof to === "number" ? { type: "reschedule", dueAt: to } : { type: "reschedule", ...to }, options),
    resend: ({ inDoubt = false, ...options } = {}) => act({ type: "resend", inDoubt }, options),
  }
}
