import * as Effect from "effect/Effect"
import type { Closed, ExecutionRow, NotFound, StorageError } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import { isWaiting } from "../cancel-orders.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { signalFree } from "../execution/signal-free.ts"

/** Rows in one durable write: few syncs, and no long hold of the event loop where the storage is synchronous. */
const batchSize = 500

const waits = (row: ExecutionRow): boolean => isWaiting(row) && row.owner === null

/** What cancelling needs of the runtime. */
export interface CancellingRuntime {
  readonly services: ProcessServices
  readonly campaign: (id: string) => Effect.Effect<CampaignActor, NotFound | StorageError | Closed>
}

/**
 * Cancels those of the executions that wait, with their campaign's name in the history, many in one durable write; leaves
 * all others alone. Answers for each whether it was cancelled now. Running it again does what an error left undone.
 */
export const cancelWaiting = (
  runtime: CancellingRuntime,
  ids: ReadonlyArray<string>,
): Effect.Effect<ReadonlyArray<boolean>, StorageError | NotFound | Closed> =>
  Effect.gen(function* () {
    const { services } = runtime
    const { store, clock } = services
    const answers: Array<boolean> = []
    const campaigns = new Set<string>()
    for (let start = 0; start < ids.length; start += batchSize) {
      const now = clock.currentTimeMillisUnsafe()
      const rows = yield* store.use((driver) => driver.get(ids.slice(start, start + batchSize)))
      const waiting = rows.filter((row): row is ExecutionRow => row !== undefined && waits(row))
      const flag = { type: "CANCEL", by: "campaign", at: now } as const
      const outcomes = yield* signalFree(
        services,
        waiting.map((row) => ({ row, flag })),
        now,
      )
      const cancelled = new Set(waiting.filter((_, index) => outcomes[index] !== undefined))
      for (const row of rows) answers.push(row !== undefined && cancelled.has(row))
      for (const { campaignId } of cancelled) campaigns.add(campaignId)
    }
    for (const id of campaigns) (yield* runtime.campaign(id)).pump.wake()
    return answers
  })
