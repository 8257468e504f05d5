import * as Effect from "effect/Effect"
import type { Closed, ExecutionRow, NotFound, Signal, StorageError } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import { isWaiting } from "../cancel-orders.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { advance, commitOf, progressOf } from "../execution/progress.ts"
import { publishProgress } from "../execution/save.ts"

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
      const steps = rows.map((row) => {
        if (row === undefined || !waits(row)) return undefined
        const flag: Signal["flag"] = { type: "CANCEL", by: "campaign", at: now }
        const progress = advance(progressOf(row), flag)
        return { progress, signal: { flag, now, commit: commitOf(progress, { receipt: true }) } }
      })
      const planned = steps.filter((step) => step !== undefined)
      const results = yield* store.use((driver) => driver.signal(planned.map(({ signal }) => signal)))
      const outcomes = new Map(planned.map((step, index) => [step, results[index]?.type === "applied"]))
      for (const step of steps) answers.push(step !== undefined && outcomes.get(step) === true)
      for (const [{ progress }, isApplied] of outcomes) {
        if (!isApplied) continue
        campaigns.add(progress.row.campaignId)
        publishProgress(services, progress, undefined)
      }
    }
    for (const id of campaigns) (yield* runtime.campaign(id)).pump.wake()
    return answers
  })
