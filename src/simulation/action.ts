import * as z from "zod"
import type { Runtime } from "../api/runtime-handle.ts"
import { type DurationInput, durationSchema } from "../sdk/index.ts"

/** What somebody does with the runtime while the campaign goes on: an edit, a pause, an event, leads that come later. */
export interface SimulatedAction {
  /** So long after the start; while the process is away, as soon as it is back. */
  readonly at: DurationInput
  /**
   * Awaits nothing but the runtime: time goes on whenever that waits, whatever else is waited for. A throw ends the
   * simulation with it.
   *
   * @param runtime As of `createRuntime`, in virtual time: `runtime.now()`. A kill makes a new one.
   */
  readonly do: (runtime: Runtime) => unknown
}

/** Checks {@link SimulatedAction}s and puts them in the order of time. */
export const actionsSchema = z
  .array(
    z.strictObject({
      at: durationSchema,
      do: z.custom<SimulatedAction["do"]>((value) => typeof value === "function", "must be a function"),
    }),
  )
  .default([])
  .transform((actions) => actions.toSorted((left, right) => left.at - right.at))
