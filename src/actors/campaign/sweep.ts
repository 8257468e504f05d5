import * as Effect from "effect/Effect"
import { type ExecutionRow, type NotFound, openBuckets, type StorageError } from "../../sdk/index.ts"
import type { CampaignOfExecution, ProcessServices } from "../execution/dependencies.ts"
import { signalExecution } from "../execution/signal.ts"

const pageSize = 500

/**
 * Cancels every execution of a cancelled campaign that has not ended, page by page; running it again goes on where it
 * stopped. Nothing can be sent meanwhile: the storage refuses the intents of a cancelled campaign.
 */
export const sweepCancelled = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  campaignId: string,
): Effect.Effect<void, StorageError | NotFound> =>
  Effect.gen(function* () {
    let after: string | undefined
    while (true) {
      const page: ReadonlyArray<ExecutionRow> = yield* services.store.use((driver) =>
        driver.list({
          campaignId,
          buckets: openBuckets,
          limit: pageSize,
          ...(after === undefined ? {} : { after }),
        }),
      )
      for (const row of page)
        yield* signalExecution(services, campaign, row.id, () => ({
          type: "CANCEL",
          by: "campaign",
          at: services.clock.currentTimeMillisUnsafe(),
        }))
      after = page.at(-1)?.id
      if (page.length < pageSize) return
      yield* Effect.yieldNow
    }
  })
