import * as Effect from "effect/Effect"
import { type ExecutionRow, type Flag, type NotFound, StorageError } from "../../sdk/index.ts"
import type { CampaignOfExecution, ProcessServices, SignalAnswer } from "./dependencies.ts"
import { heed } from "./heed.ts"
import { commitOf, type Progress } from "./progress.ts"
import { publishProgress, successorOf } from "./save.ts"
import { afterLastOwner } from "./unfinished.ts"

/** Rows change under a signal only while somebody works on them; that many changes in a row mean something is broken. */
const maxRereads = 50

const isHeld = (row: ExecutionRow, now: number): boolean => row.owner !== null && (row.leaseUntil ?? 0) > now

const progressAfter = (services: ProcessServices, row: ExecutionRow, flag: Flag, now: number): Progress => {
  const flags = [...row.flags, flag]
  return heed(afterLastOwner(services, row, flags, now), flags)
}

/**
 * Applies a wish to an execution, or leaves it as a flag with whoever works on it. State and event are written
 * together, compared with what was read.
 */
export const signalExecution = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  id: string,
  flagFor: (row: ExecutionRow) => Flag,
): Effect.Effect<SignalAnswer, StorageError | NotFound> =>
  Effect.gen(function* () {
    for (let reread = 0; reread < maxRereads; reread += 1) {
      const now = services.clock.currentTimeMillisUnsafe()
      const [row] = yield* services.store.use((driver) => driver.get([id]))
      if (row === undefined) return { type: "missing" }
      const flag = flagFor(row)
      const progress = progressAfter(services, row, flag, now)
      if (!isHeld(row, now) && !progress.events.includes(flag)) return { type: "refused", row }
      const successor = yield* successorOf(campaign, progress, now)
      const commit = commitOf(progress, {
        receipt: true,
        appliedFlags: row.flags.length,
        ...(successor === undefined ? {} : { successor }),
      })
      const [result] = yield* services.store.use((driver) => driver.signal([{ flag, commit, now }]))
      switch (result?.type) {
        case "applied":
          publishProgress(services, progress, commit.plan)
          if (commit.plan !== undefined) campaign.onPlanned(commit.plan)
          return { type: "applied", row: progress }
        case "flagged":
          // One that only waits for the transport has nothing to finish: its owner applies the flag at once.
          services.routes.withdraw(id)
          return { type: "flagged", row }
        case "stale":
          continue
        default:
          return { type: "missing" }
      }
    }
    return yield* Effect.fail(
      new StorageError({
        storage: services.store.storage.name,
        code: "contended",
        retryable: true,
        indeterminate: false,
        message: `The execution ${id} changed ${maxRereads} times while a signal was written. Try again.`,
      }),
    )
  })
