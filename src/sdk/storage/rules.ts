import type { ExecutionRow, NewExecution } from "../domain/execution.ts"
import type { ExecutionEvent } from "../domain/execution-event.ts"
import type { Commit, CommitResult, Fence, Signal } from "./driver.ts"

/**
 * The row protocol: what a claim, a commit, a signal make of one row. Pure, so that every store follows the same
 * rules; a store adds only how rows are found, locked and written.
 */

/** A row together with what the protocol must remember while a lease hides it. */
export interface RowEntry {
  readonly row: ExecutionRow
  /** `dueAt` as it is again once the lease is gone, epoch ms. Without a lease the same as `row.dueAt`. */
  readonly restDueAt: number | null
}

/** What a commit's `requires` is checked against, in the same atomic step. */
export interface World {
  /** `value.state` of the campaign's document; `undefined` without one. */
  readonly campaignState: (campaignId: string) => string | undefined
  /** Whether a `suppression` document has this key. */
  readonly isSuppressed: (key: string) => boolean
}

/** What to answer and, when something is to be written, the row to write. */
export interface Decision<Result> {
  readonly result: Result
  readonly next?: RowEntry
}

/** The row that a new execution starts as. */
export const newRow = (execution: NewExecution): RowEntry => ({
  row: {
    id: execution.id,
    campaignId: execution.campaignId,
    enrollmentId: execution.enrollmentId,
    leadId: execution.leadId,
    step: execution.step,
    template: execution.template,
    definition: execution.definition,
    state: "scheduled",
    context: execution.context,
    dueAt: execution.scheduledFor,
    scheduledFor: execution.scheduledFor,
    createdAt: execution.createdAt,
    updatedAt: execution.createdAt,
    token: 0,
    version: 1,
    owner: null,
    leaseUntil: null,
    intent: null,
    flags: [],
    claims: 0,
  },
  restDueAt: execution.scheduledFor,
})

/** The first entry of a new execution's history. */
export const scheduledEvent = (execution: NewExecution): ExecutionEvent => ({
  type: "SCHEDULED",
  at: execution.createdAt,
  dueAt: execution.scheduledFor,
  ...(execution.context.reason === null ? {} : { reason: execution.context.reason }),
})

/** Ended rows have no `dueAt` and refuse claim, renew and commit; only a signal can touch them. */
export const isEnded = (row: Pick<ExecutionRow, "state">): boolean => row.state === "done" || row.state === "cancelled"

/** Whether somebody's lease is running. */
export const isHeld = (row: Pick<ExecutionRow, "owner" | "leaseUntil">, now: number): boolean =>
  row.owner !== null && row.leaseUntil !== null && row.leaseUntil > now

/** Whether it is served in every status of its campaign: a pause stops new starts only. */
export const isUrgent = (row: Pick<ExecutionRow, "intent" | "flags" | "state">): boolean =>
  row.intent !== null || row.flags.length > 0 || row.state === "sending.inDoubt"

/** Whether {@link claim} may take it now. */
export const isClaimable = (row: ExecutionRow, now: number, campaignRuns: boolean): boolean =>
  !isEnded(row) && row.dueAt !== null && row.dueAt <= now && !isHeld(row, now) && (campaignRuns || isUrgent(row))

/** The row as it stands without its lease: what a store keeps that holds leases in memory. */
export const atRest = <Entry extends RowEntry>(entry: Entry): Entry =>
  entry.row.owner === null
    ? entry
    : { ...entry, row: { ...entry.row, owner: null, leaseUntil: null, dueAt: entry.restDueAt } }

/** Leased: token and version raised, `dueAt` at the lease's end, the claim counted. */
export const claim = (
  { row, restDueAt }: RowEntry,
  lease: { readonly owner: string; readonly until: number },
): RowEntry => ({
  row: {
    ...row,
    token: row.token + 1,
    version: row.version + 1,
    owner: lease.owner,
    leaseUntil: lease.until,
    dueAt: lease.until,
    claims: row.claims + 1,
  },
  restDueAt,
})

const isFenced = (row: ExecutionRow, fence: Fence): boolean =>
  row.owner !== null && row.token === fence.token && row.version === fence.version && !isEnded(row)

/**
 * Given back unchanged; `undefined` when it was lost before. The version is raised, so that a commit still in flight
 * cannot land afterwards. The claim is not counted any more: who gives back in order is no poison.
 */
export const released = ({ row, restDueAt }: RowEntry, fence: Fence): RowEntry | undefined =>
  isFenced(row, fence)
    ? {
        row: {
          ...row,
          version: row.version + 1,
          owner: null,
          leaseUntil: null,
          dueAt: restDueAt,
          claims: Math.max(0, row.claims - 1),
        },
        restDueAt,
      }
    : undefined

/**
 * With a longer lease, never a shorter one; `undefined` when it is lost, over or the row has ended. Compares the token only: the version
 * moves with the holder's own commits, which may be in flight at the same time.
 */
export const renewed = (
  { row, restDueAt }: RowEntry,
  fence: Fence,
  lease: { readonly until: number; readonly now: number },
): RowEntry | undefined => {
  if (row.token !== fence.token || !isHeld(row, lease.now) || isEnded(row)) return undefined
  const until = Math.max(lease.until, row.leaseUntil ?? 0)
  return { row: { ...row, leaseUntil: until, dueAt: until }, restDueAt }
}

const written = (
  { row }: RowEntry,
  commit: Commit,
  now: number,
  token: number,
  leaseUntil: number | null,
): RowEntry => {
  const ended = isEnded(commit)
  const flags = ended || row.flags.length === 0 ? [] : row.flags.slice(commit.appliedFlags)
  // Flags that are left, and an intent whose holder died, are looked at at once.
  const restDueAt = ended ? null : flags.length > 0 || commit.intent !== null ? now : commit.dueAt
  const lease = ended ? null : leaseUntil
  const planned = commit.state === "scheduled" || commit.state === "retrying"
  return {
    row: {
      ...row,
      state: commit.state,
      context: commit.context,
      dueAt: lease ?? restDueAt,
      scheduledFor: planned && commit.dueAt !== null ? commit.dueAt : row.scheduledFor,
      updatedAt: now,
      token,
      version: row.version + 1,
      owner: lease === null ? null : row.owner,
      leaseUntil: lease,
      intent: ended ? null : commit.intent,
      flags,
      claims: 0,
    },
    restDueAt,
  }
}

/** What a commit by a leaseholder makes of the row. */
export const decideCommit = (
  entry: RowEntry | undefined,
  commit: Commit,
  world: World,
  now: number,
): Decision<CommitResult> => {
  if (entry === undefined) return { result: { type: "missing" } }
  const { row } = entry
  if (!isFenced(row, commit)) return { result: { type: "leaseLost" } }
  if (!commit.receipt && row.flags.length > commit.appliedFlags)
    return { result: { type: "flagged", flags: row.flags } }
  if (commit.requires !== undefined) {
    const state = world.campaignState(row.campaignId)
    if (state !== "running")
      return { result: { type: "refused", reason: state === "cancelled" ? "cancelled" : "paused" } }
    if (commit.requires.suppressionKeys.some(world.isSuppressed))
      return { result: { type: "refused", reason: "suppressed" } }
  }
  const next = written(entry, commit, now, row.token, commit.leaseUntil)
  const unheard = isEnded(commit) ? row.flags.slice(commit.appliedFlags) : []
  return { result: { type: "ok", version: next.row.version, ...(unheard.length === 0 ? {} : { unheard }) }, next }
}

/** What a signal makes of the row: its commit when nobody holds it, a waiting flag otherwise. */
export const decideSignal = (
  entry: RowEntry | undefined,
  signal: Signal,
): Decision<"applied" | "flagged" | "stale" | "missing"> => {
  if (entry === undefined) return { result: "missing" }
  const { row } = entry
  const { flag, commit, now } = signal
  // Flags that wait already go first, also on a row whose lease is over.
  if (isHeld(row, now) || row.flags.length > commit.appliedFlags) {
    const repeated = flag.type === "CANCEL" && row.flags.some((waiting) => waiting.type === "CANCEL")
    if (repeated) return { result: "flagged" }
    const restDueAt = Math.min(entry.restDueAt ?? now, now)
    const dueAt = row.owner === null ? restDueAt : row.dueAt
    return { result: "flagged", next: { row: { ...row, flags: [...row.flags, flag], dueAt }, restDueAt } }
  }
  if (row.token !== commit.token || row.version !== commit.version) return { result: "stale" }
  return { result: "applied", next: written(entry, commit, now, row.token + 1, null) }
}
