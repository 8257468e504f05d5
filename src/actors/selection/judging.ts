import { type Bucket, bucketOf, type CampaignState, type ExecutionRow, openBuckets } from "../../sdk/index.ts"

/** What can be done to many executions at once. */
export type SelectionActionType = "cancel" | "retry" | "reschedule" | "resend"

/** Why an execution is left as it is. */
export type LeftReason =
  /** It is in this column of the counts, where the action makes no sense. */
  | Bucket
  /** An attempt may have been delivered, and a second copy was not accepted. */
  | "mayHaveArrived"
  /** Nothing more is sent by its campaign. */
  | "campaignCancelled"
  /** It was moved already: it is due then, or was moved by hand since `asOf`. */
  | "moved"
  /** It changed while it was being looked at. */
  | "changed"

/** In which columns an action can do something. */
const fitting: Readonly<Record<SelectionActionType, ReadonlyArray<Bucket>>> = {
  cancel: openBuckets,
  // One that was claimed and not begun is shown as rendering.
  reschedule: ["scheduled", "rendering", "retrying"],
  retry: ["failed"],
  resend: ["failed", "inDoubt"],
}

/** Whether an attempt may have been delivered, as far as anybody knows. */
export const mayHaveArrived = (row: Pick<ExecutionRow, "state" | "context">): boolean =>
  row.state === "sending.inDoubt" || row.context.unknownAttempts.length > 0

/** Why this execution is left as it is; `undefined` when the action is for it. `consent`: a second copy is accepted. */
export const leftBecause = (
  action: SelectionActionType,
  row: ExecutionRow,
  campaign: CampaignState,
  consent: boolean,
): LeftReason | undefined => {
  const bucket = bucketOf(row)
  if (!fitting[action].includes(bucket)) return bucket
  if (action === "cancel" || action === "reschedule") return undefined
  if (campaign === "cancelled") return "campaignCancelled"
  return mayHaveArrived(row) && !consent ? "mayHaveArrived" : undefined
}
