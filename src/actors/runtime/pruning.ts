import * as Effect from "effect/Effect"
import * as z from "zod"
import { type InvalidInput, parse, type StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { pruneRecords } from "./feedback-record.ts"

/** What is pruned. */
export interface PruneOptions {
  /** Epoch ms: executions that ended before. Not later than now. */
  readonly endedBefore: number
}

/** What was pruned. */
export interface PruneResult {
  readonly executions: number
}

/** Removes ended executions with their histories and what came back about them; the counts of their campaigns stay as they are. */
export const prune = (
  { store, clock }: Pick<ProcessServices, "store" | "clock">,
  options: PruneOptions,
): Effect.Effect<PruneResult, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const { endedBefore } = yield* Effect.try({
      try: () =>
        parse(
          z.strictObject({
            endedBefore: z.int().min(0).max(clock.currentTimeMillisUnsafe(), {
              message: "give an instant that has passed, in epoch milliseconds",
            }),
          }),
          options,
          "The options of prune",
        ),
      catch: (error) => error as InvalidInput,
    })
    const executions = yield* store.use((driver) => driver.prune(endedBefore))
    yield* pruneRecords({ store }, endedBefore)
    return { executions }
  })
