// A turn of the event loop, no time.
import { setImmediate as nextTurn } from "node:timers/promises"
import { Conflict } from "sendstate"
import type { ExecutionRow, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { carriedFor } from "./carried.ts"
import type { Core } from "./core.ts"
import { chain } from "./maybe-promise.ts"
import { copyOf } from "./projection.ts"
import { scheduleMails } from "./scheduling.ts"
import type { CampaignExecution, ExecutionStatus } from "./types.ts"

const isDone = (answer: string): boolean => answer === "cancelled" || answer === "inDoubt" || answer === "applied"

/** Cancels a scheduled execution, which is no longer listed then; `false` for any other. */
export const cancelOne = (core: Core, access: Access, id: string): MaybePromise<boolean> => {
  const shown = core.projection.get(id)
  if (shown !== undefined && shown.status !== "scheduled") return false
  const nativeId = core.ledger.nativeId(id)
  return chain(access.find([nativeId]), ([row]) =>
    row === undefined || row.owner !== null || (row.state !== "scheduled" && row.state !== "retrying")
      ? false
      : chain(access.cancel(nativeId, "user"), isDone),
  )
}

/** As many are written while the caller waits; of more, the rows follow. */
const writtenAtOnce = 100

/** Cancels all scheduled ones of a campaign, of a lead, or of both together; they are listed as failed then. */
export const cancelMany = (
  core: Core,
  access: Access,
  campaignId: string | undefined,
  leadId: string | undefined,
): MaybePromise<number> => {
  if (leadId === undefined && core.projection.counts(campaignId).scheduled > writtenAtOnce)
    return core.cancelAll(campaignId)
  const ids = core.projection.waiting(campaignId, leadId).map((id) => core.ledger.nativeId(id))
  return chain(access.cancelWaiting(ids), (answers) => answers.filter((isCancelled) => isCancelled).length)
}

/** Cancelled in one write by callers that wait; other work of the process goes on in between. */
const chunkSize = 500

/** As `cancelMany`, for callers that wait. */
export const cancelManyLater = async (
  core: Core,
  campaignId: string | undefined,
  leadId: string | undefined,
): Promise<number> => {
  const ids = (await core.viewLater()).waiting(campaignId, leadId).map((id) => core.ledger.nativeId(id))
  let count = 0
  for (let start = 0; start < ids.length; start += chunkSize) {
    const answers = await core.writeLater((access) => access.cancelWaiting(ids.slice(start, start + chunkSize)))
    count += answers.filter((isCancelled) => isCancelled).length
    await nextTurn()
  }
  return count
}

/** Moves a scheduled one to another time, which is the epoch for what is before; `false` when it does not wait. */
const move = (core: Core, access: Access, execution: CampaignExecution): MaybePromise<boolean> =>
  chain(
    access.reschedule(core.ledger.nativeId(execution.id), Math.max(0, execution.scheduledFor.getTime())),
    (answer) => answer === "applied",
  )

const schedule = (core: Core, access: Access, execution: CampaignExecution, nativeId: string): MaybePromise<void> => {
  const { campaignId, leadId, templateId, scheduledFor } = execution
  const mail = { leadId, templateId, at: scheduledFor, id: nativeId }
  return chain(scheduleMails(core, access, campaignId, [mail]), () => undefined)
}

const sameMail = (left: CampaignExecution | undefined, right: CampaignExecution): boolean =>
  left?.campaignId === right.campaignId && left.leadId === right.leadId && left.templateId === right.templateId

/** Moves a mail that waits, and shows its tries as they were given. */
const moveAsGiven = (core: Core, access: Access, given: CampaignExecution, row: ExecutionRow): MaybePromise<void> =>
  chain(move(core, access, given), (isMoved) =>
    isMoved ? core.ledger.carry(access, given.id, carriedFor(given, row.context.attempt)) : undefined,
  )

const scheduleAsGiven = (core: Core, access: Access, given: CampaignExecution, nativeId: string): MaybePromise<void> =>
  chain(core.ledger.unrecord(access, given.id), () =>
    chain(schedule(core, access, given, nativeId), () => core.ledger.carry(access, given.id, carriedFor(given, 0))),
  )

// A mail that waits is moved, one that has failed is tried again; anything else under this id makes another mail.
const setScheduled = (core: Core, access: Access, execution: CampaignExecution): MaybePromise<void> => {
  const { id } = execution
  const nativeId = core.ledger.nativeId(id)
  return chain(core.ledger.find(access, id), (shown) =>
    chain(access.find([nativeId]), ([row]) => {
      if (row === undefined) return scheduleAsGiven(core, access, execution, nativeId)
      const isWaiting = row.state === "scheduled" || row.state === "retrying"
      const isSame = sameMail(shown, execution) && !core.ledger.isRecord(id)
      if (isWaiting && isSame) return moveAsGiven(core, access, execution, row)
      if (row.state === "done" && row.context.outcome === "failed" && isSame)
        return chain(access.retry(nativeId), (answer) =>
          answer === "applied" ? moveAsGiven(core, access, execution, row) : undefined,
        )
      if (row.state === "rendering" || row.state.startsWith("sending."))
        throw new Conflict({
          code: "execution-busy",
          retryable: true,
          differences: [],
          message: `The execution ${id} is being sent, or its delivery is in doubt: it cannot be scheduled now. Wait, or resolve it.`,
        })
      return chain(isWaiting ? access.cancelWaiting([nativeId]) : undefined, () =>
        scheduleAsGiven(core, access, execution, core.ledger.nextNativeId(id)),
      )
    }),
  )
}

// Only what is said is kept: nothing that waits may be sent then.
const setRecord = (core: Core, access: Access, execution: CampaignExecution): MaybePromise<void> =>
  chain(access.cancelWaiting([core.ledger.nativeId(execution.id)]), () =>
    core.ledger.record(access, [[execution.id, copyOf(execution)]]),
  )

/** Puts an execution under an id: a scheduled one is a mail that will be sent, any other is shown as given. */
export const setExecution = (core: Core, access: Access, id: string, given: CampaignExecution): MaybePromise<void> => {
  const execution = { ...given, id }
  return execution.status === "scheduled" ? setScheduled(core, access, execution) : setRecord(core, access, execution)
}

/** Changes the status; `false` when there is no such execution. */
export const setStatus = (
  core: Core,
  access: Access,
  id: string,
  status: ExecutionStatus,
  errorMessage: string | undefined,
): MaybePromise<boolean> =>
  chain(core.ledger.find(access, id), (shown) => {
    if (shown === undefined) return false
    const { errorMessage: before, ...rest } = shown
    const message = errorMessage ?? before
    const changed = { ...rest, status, ...(message === undefined ? {} : { errorMessage: message }) }
    return chain(setExecution(core, access, id, changed), () => true)
  })

/** Takes executions from the list; those that wait are cancelled, so that nothing unseen is sent. */
const removeAll = (core: Core, access: Access, ids: ReadonlyArray<string>): MaybePromise<void> =>
  chain(access.cancelWaiting(ids.map((id) => core.ledger.nativeId(id))), () =>
    core.ledger.record(
      access,
      ids.map((id) => [id, undefined] as const),
    ),
  )

/** As {@link removeAll}, one; `false` when there is no such execution. */
export const removeOne = (core: Core, access: Access, id: string): MaybePromise<boolean> =>
  chain(core.ledger.find(access, id), (shown) =>
    shown === undefined ? false : chain(removeAll(core, access, [id]), () => true),
  )

/** Takes all from the list, also those that memory no longer holds. */
export const removeEverything = (core: Core, access: Access): MaybePromise<void> => {
  if (!core.projection.isBounded) return removeAll(core, access, core.projection.ids())
  return chain(core.ledger.ids(access), (ids) =>
    chain(access.cancelWaiting(ids.map((id) => core.ledger.nativeId(id))), () => core.ledger.hide(access, ids)),
  )
}

/** Plans the next try so many milliseconds from now, and changes the given object accordingly. */
export const retryLaterBy = (
  core: Core,
  access: Access,
  execution: CampaignExecution,
  delayMs: number,
): MaybePromise<void> => {
  execution.status = "scheduled"
  execution.scheduledFor = new Date(core.now() + delayMs)
  return setExecution(core, access, execution.id, execution)
}
