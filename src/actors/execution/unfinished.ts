import * as Effect from "effect/Effect"
import type { ExecutionEvent, ExecutionRow, Flag, NotFound, StorageError } from "../../sdk/index.ts"
import { missingText } from "../routing/choice.ts"
import type { CampaignOfExecution, ProcessServices } from "./dependencies.ts"
import { settleDoubt } from "./doubt.ts"
import { heed } from "./heed.ts"
import { advance, type Progress, progressOf } from "./progress.ts"
import { type AttemptEnd, endOf, saveProgress } from "./save.ts"

const provesDelivery = (flag: ExecutionEvent): boolean =>
  flag.type === "LATE_RECEIPT" && flag.outcome.type === "accepted"

/**
 * The row with what its last owner left: an intent without a receipt is in doubt (decided here, when the row is
 * claimed, never by a scan), unless a flag holds the proof of delivery.
 */
export const afterLastOwner = (
  { routes }: Pick<ProcessServices, "routes">,
  row: ExecutionRow,
  flags: ReadonlyArray<Flag>,
  now: number,
): Progress => {
  if (row.intent === null || flags.some(provesDelivery)) return progressOf(row)
  const { via } = row.context
  const text = routes.of(via) === undefined ? { text: missingText(via) } : {}
  return advance(progressOf(row), { type: "UNKNOWN", at: now, stage: "owner-gone", ...text })
}

/** Whether something has to be settled before this row may be attempted. */
export const isUnfinished = (row: ExecutionRow): boolean =>
  row.intent !== null || row.flags.length > 0 || row.state === "sending.inDoubt"

/** Applies what waits on a claimed row: the last owner's open intent, flags, and doubt. */
export const finishUnfinished = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  row: ExecutionRow,
): Effect.Effect<AttemptEnd, StorageError | NotFound> =>
  Effect.gen(function* () {
    const start = afterLastOwner(services, row, row.flags, services.clock.currentTimeMillisUnsafe())
    const settled = yield* settleDoubt(services, campaign, heed(start, row.flags))
    return endOf(
      yield* saveProgress(services, campaign, settled, {
        appliedFlags: row.flags.length,
        receipt: row.intent !== null,
      }),
    )
  })
