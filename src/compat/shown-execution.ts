import type { ExecutionEvent, ExecutionRow, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { chain } from "./maybe-promise.ts"
import type { CampaignExecution, ExecutionStatus } from "./types.ts"

/** What `cancelExecutions` leaves as reason. */
export const cancelledByUser = "Cancelled by user"

/** Between an old id and the number of its latest mail, where it was scheduled again after its end. */
const generationMark = "~"

/** The native id of the mail that stands behind an old id. */
export const nativeIdOf = (id: string, generation: number): string =>
  generation === 0 ? id : `${id}${generationMark}${generation}`

/** The old id of a native execution, and which of its mails it is. */
export const identityOf = (nativeId: string): { readonly id: string; readonly generation: number } => {
  const at = nativeId.lastIndexOf(generationMark)
  const generation = Number(nativeId.slice(at + 1))
  return at > 0 && Number.isSafeInteger(generation) && generation > 0
    ? { id: nativeId.slice(0, at), generation }
    : { id: nativeId, generation: 0 }
}

const plainWords: Readonly<Record<string, string>> = {
  "lead-erased": "Lead not found",
  suppressed: "The address is suppressed",
  "no-attempts-left": "No attempts left",
  crashed: "Its process died each time it was tried",
}

const reasonOf = ({ context: { reason } }: ExecutionRow): string | undefined =>
  reason === null ? undefined : (reason.text ?? plainWords[reason.code] ?? reason.code)

const statusOf = ({ state, context }: ExecutionRow): ExecutionStatus => {
  switch (state) {
    case "scheduled":
    case "retrying":
      return "scheduled"
    case "rendering":
    case "sending.attempting":
    case "sending.inDoubt":
      return "executing"
    case "done":
      return context.outcome === "sent" ? "completed" : "failed"
    case "cancelled":
      return "failed"
  }
}

const messageOf = (row: ExecutionRow): string | undefined => {
  const reason = reasonOf(row)
  if (row.state === "sending.inDoubt")
    return `In doubt: the mail may have been delivered${reason === undefined ? "" : ` (${reason})`}`
  if (row.state === "cancelled")
    return row.context.delivery === "unknown"
      ? `${cancelledByUser}; an earlier try may have been delivered`
      : cancelledByUser
  return statusOf(row) === "completed" ? undefined : reason
}

/** A row as the old interface shows it. */
const shownAs = (row: ExecutionRow, templateId: string): CampaignExecution => {
  // The instant that the latest try rendered with.
  const lastAttempt = row.context.renderedAt
  const errorMessage = messageOf(row)
  return {
    id: identityOf(row.id).id,
    campaignId: row.campaignId,
    leadId: row.leadId,
    templateId,
    scheduledFor: new Date(row.scheduledFor),
    status: statusOf(row),
    attempts: row.context.attempt,
    ...(lastAttempt === null ? {} : { lastAttempt: new Date(lastAttempt) }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
  }
}

/** Who cancelled, where these events say so. */
export const cancellerIn = (events: Iterable<ExecutionEvent>): Canceller | undefined => {
  let by: Canceller | undefined
  for (const event of events) if (event.type === "CANCEL") by = event.by
  return by
}

type Canceller = Extract<ExecutionEvent, { type: "CANCEL" }>["by"]

const cancellerOf = (access: Access, row: ExecutionRow): MaybePromise<Canceller | undefined> =>
  chain(access.explain(row.id), ({ history }) => cancellerIn(history.map(({ event }) => event)))

// What one person cancelled is gone from the list; what went with its campaign or lead is listed as failed. Only the
// history tells.
const isGone = (access: Access, row: ExecutionRow, by: Canceller | undefined): MaybePromise<boolean> =>
  row.state !== "cancelled" || row.context.delivery === "unknown"
    ? false
    : chain(by ?? cancellerOf(access, row), (canceller) => canceller !== "campaign")

/** A row as it is listed; `undefined` when it is not. `by` saves a look into its history, where the caller knows. */
export const shownExecution = (
  access: Access,
  row: ExecutionRow,
  by?: Canceller,
): MaybePromise<CampaignExecution | undefined> =>
  chain(isGone(access, row, by), (gone) =>
    gone
      ? undefined
      : chain(access.templateName(row), (templateId) => {
          const shown = shownAs(row, templateId)
          return access.isCancelled(row) ? { ...shown, status: "failed", errorMessage: cancelledByUser } : shown
        }),
  )
