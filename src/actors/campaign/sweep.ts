import * as Effect from "effect/Effect"
import { type NotFound, openBuckets, type StorageError } from "../../sdk/index.ts"
import type { CampaignOfExecution, ProcessServices } from "../execution/dependencies.ts"
import { signalExecution } from "../execution/signal.ts"
import { eachPageOfRows } from "../pages.ts"

/**
 * Cancels every execution of a cancelled campaign that has not ended, page by page; running it again goes on where it
 * stopped. Nothing can be sent meanwhile: the storage refuses the intents of a cancelled campaign.
 */
export const sweepCancelled = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  campaignId: string,
): Effect.Effect<void, StorageError | NotFound> =>
  eachPageOfRows(services, { campaignId, buckets: openBuckets }, (page) =>
    Effect.gen(function* () {
      for (const row of page)
        yield* signalExecution(services, campaign, row.id, () => ({
          type: "CANCEL",
          by: "campaign",
          at: services.clock.currentTimeMillisUnsafe(),
        }))
      yield* Effect.yieldNow
    }),
  )
