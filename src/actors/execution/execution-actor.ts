import * as Effect from "effect/Effect"
import type { ExecutionRow, NotFound, StorageError } from "../../sdk/index.ts"
import type { Recipient } from "../campaign/recipient.ts"
import { attemptExecution } from "./attempt.ts"
import type { CampaignOfExecution, ProcessServices } from "./dependencies.ts"
import { advance, progressOf } from "./progress.ts"
import { type AttemptEnd, endOf, saveProgress } from "./save.ts"
import { finishUnfinished, isUnfinished } from "./unfinished.ts"

// Cancelled together with many others, whose rows are written one by one: this one came first.
const attemptUnlessOrdered = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  row: ExecutionRow,
  recipient: Recipient,
): Effect.Effect<AttemptEnd, StorageError | NotFound> =>
  Effect.gen(function* () {
    if (!(yield* services.cancelOrders.covers(row))) return yield* attemptExecution(services, campaign, row, recipient)
    const at = services.clock.currentTimeMillisUnsafe()
    const cancelled = advance(progressOf(row), { type: "CANCEL", by: "campaign", at })
    return endOf(yield* saveProgress(services, campaign, cancelled))
  })

/**
 * Works on one claimed execution until it is at rest again: settles what is unfinished, or makes one attempt. Gives the
 * lease back unchanged when it stops before its intent (shutdown, pause, a flag, a failing storage).
 */
export const runExecution = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  row: ExecutionRow,
  recipient: Recipient,
): Effect.Effect<void, StorageError | NotFound> =>
  Effect.suspend(() => {
    let committed = false
    const work = isUnfinished(row)
      ? finishUnfinished(services, campaign, row)
      : services.cancelOrders.isEmpty
        ? attemptExecution(services, campaign, row, recipient)
        : attemptUnlessOrdered(services, campaign, row, recipient)
    return Effect.ensuring(
      Effect.map(work, (end) => {
        committed = end === "committed"
      }),
      Effect.suspend(() =>
        committed
          ? Effect.void
          : Effect.ignore(
              services.store.use((driver) => driver.release([row], services.clock.currentTimeMillisUnsafe())),
            ),
      ),
    )
  })
