import * as Effect from "effect/Effect"
import type { ExecutionRow, Flag, StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "./dependencies.ts"
import { advance, commitOf, type Progress, progressOf } from "./progress.ts"
import { publishProgress } from "./save.ts"

/** What is asked of a row as it was read. */
export interface Wish {
  readonly row: ExecutionRow
  /** One after which nothing new is planned. */
  readonly flag: Extract<Flag, { type: "CANCEL" | "RESCHEDULE" | "REDRIVE" }>
}

/** Whether nobody works on it, nothing waits to be settled first, and its end says by itself what becomes of the enrollment. */
export const isFree = (row: ExecutionRow): boolean =>
  row.owner === null && row.intent === null && row.flags.length === 0 && row.context.round?.isRerun !== true

/**
 * Applies wishes to free rows, all in one durable write: few syncs where there are many. Answers for each what it came
 * to; `undefined` where the machine does not take it, or the row is another by now.
 */
export const signalFree = (
  services: Pick<ProcessServices, "store" | "bus">,
  wishes: ReadonlyArray<Wish>,
  now: number,
): Effect.Effect<ReadonlyArray<Progress | undefined>, StorageError> =>
  Effect.gen(function* () {
    const steps = wishes.map(({ row, flag }) => ({ flag, progress: advance(progressOf(row), flag) }))
    const taken = steps.filter(({ flag, progress }) => progress.events.at(-1) === flag)
    const results = yield* services.store.use((driver) =>
      driver.signal(taken.map(({ flag, progress }) => ({ flag, now, commit: commitOf(progress, { receipt: true }) }))),
    )
    const applied = new Set(taken.filter((_, index) => results[index]?.type === "applied"))
    for (const { progress } of applied) publishProgress(services, progress, undefined)
    return steps.map((step) => (applied.has(step) ? step.progress : undefined))
  })
