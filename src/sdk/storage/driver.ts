import type { Bucket, Counts } from "../domain/counts.ts"
import type {
  Enrollment,
  ExecutionContext,
  ExecutionRow,
  ExecutionState,
  Flag,
  Intent,
  NewExecution,
} from "../domain/execution.ts"
import type { ExecutionEvent, HistoryEntry } from "../domain/execution-event.ts"
import type { Lead } from "../domain/lead.ts"
import type { Document, DocumentKind, DocumentWrite, DocumentWriteResult } from "./document.ts"

/** Synchronous drivers answer with the value, others with a Promise of it. */
export type MaybePromise<A> = A | Promise<A>

/** A lead's way into a campaign: stored in one step or not at all. */
export interface EnrollItem {
  readonly lead: Lead
  readonly enrollment: Enrollment
  readonly execution: NewExecution
}

/** Who wants how much work, and for how long. */
export interface ClaimRequest {
  /** Name of the claiming process; the same for all its claims. */
  readonly owner: string
  readonly limit: number
  /** Length of the lease, milliseconds. */
  readonly leaseMs: number
  /** Epoch ms; a shared storage takes its server's clock instead. */
  readonly now: number
  /** Only these campaigns; default: all. */
  readonly campaigns?: ReadonlyArray<string>
}

/** Who may write a row: the numbers that its claim gave. */
export interface Fence {
  readonly id: string
  readonly token: number
  readonly version: number
}

/** One atomic change of one execution, with all that belongs to it. */
export interface Commit extends Fence {
  readonly state: ExecutionState
  readonly context: ExecutionContext
  /** Epoch ms when it is looked at next without a lease; `null` when nothing is to be done. */
  readonly dueAt: number | null
  readonly intent: Intent | null
  /** Appended to the history. */
  readonly events: ReadonlyArray<ExecutionEvent>
  /** Flags that these events apply: so many are taken from the front. */
  readonly appliedFlags: number
  /** A receipt is never refused for a flag: what happened, happened. */
  readonly receipt: boolean
  /** The lease goes on until then (an intent's commit); `null` gives it back. */
  readonly leaseUntil: number | null
  /** Set by an intent's commit: refused when the campaign does not run, or one of these keys is suppressed. */
  readonly requires?: { readonly suppressionKeys: ReadonlyArray<string> }
  /** The enrollment's next step, inserted in the same atomic step. */
  readonly plan?: NewExecution
  /** What becomes of the enrollment; absent: as it is. */
  readonly enrollment?: Enrollment["status"]
}

/** What became of one commit. */
export type CommitResult =
  | {
      readonly type: "ok"
      readonly version: number
      /** Flags that came too late for a row that has ended by this commit: they are gone from the row. Absent for none. */
      readonly unheard?: ReadonlyArray<Flag>
    }
  /** Token or version differ, or the row has ended: this writer is late. Nothing was written. */
  | { readonly type: "leaseLost" }
  /** A flag waits on the row: apply it first. Nothing was written. */
  | { readonly type: "flagged"; readonly flags: ReadonlyArray<Flag> }
  | { readonly type: "refused"; readonly reason: "suppressed" | "paused" | "cancelled" }
  | { readonly type: "missing" }

/** A wish about one execution, with the change that fulfils it should nobody hold the row. */
export interface Signal {
  readonly flag: Flag
  /** The row as it was read, changed by the machine: compared and written only when nobody holds it. */
  readonly commit: Commit
  readonly now: number
}

/** What became of one signal. */
export type SignalResult =
  /** Nobody held the row: the commit was written; token and version were raised. */
  | { readonly type: "applied" }
  /** Somebody holds it: the flag waits for its owner. */
  | { readonly type: "flagged" }
  /** The row is another than the one that was read: read again. */
  | { readonly type: "stale" }
  | { readonly type: "missing" }

/** A page of executions; what is left out matches all. */
export interface ListQuery {
  readonly campaignId?: string
  readonly leadId?: string
  readonly buckets?: ReadonlyArray<Bucket>
  /** Only executions whose latest reason has this code. */
  readonly reason?: string
  /** The last row's id of the page before. */
  readonly after?: string
  /** 1 to 1,000. */
  readonly limit: number
}

/** A page of the change log. */
export interface Changes {
  readonly entries: ReadonlyArray<HistoryEntry>
  /** Give it as `since` to go on. */
  readonly next: number
}

/** What a check of a whole store found. */
export interface VerifyReport {
  readonly executions: number
  readonly problems: ReadonlyArray<{ readonly key: string; readonly problem: string }>
}

/**
 * What a storage author writes. Batches go in and out; each element of a batch is atomic and independent of the
 * others, and the answer has one result for each element, in order.
 *
 * Success is answered only at the declared durability. A driver throws {@link StorageError}; with
 * `indeterminate: true` when the write may have happened all the same.
 *
 * The driver never runs a machine: it compares fences and stores what it is given. Deliberately left out: timers,
 * retries, policies, events to users; the actors do all of that.
 */
export interface StorageDriver {
  /** Stores lead (unless known: a known lead's data is not changed), enrollment and first execution; the enrollment's id makes it idempotent. */
  enroll(items: ReadonlyArray<EnrollItem>): MaybePromise<ReadonlyArray<"created" | "duplicate">>
  /**
   * Leases rows whose `dueAt` has come, earliest first, and that nobody holds or whose lease is over. Raises token and
   * version, sets `dueAt` to the lease's end, counts the claim. Rows of a campaign that does not run are claimed only
   * when they have an intent, a flag, or are in doubt. Changes no state, writes no history.
   */
  claimDue(request: ClaimRequest): MaybePromise<ReadonlyArray<ExecutionRow>>
  /** Extends leases; `false` for those that are lost or ended. */
  renew(
    fences: ReadonlyArray<Fence>,
    lease: { readonly until: number; readonly now: number },
  ): MaybePromise<ReadonlyArray<boolean>>
  /** Gives leases back unchanged: raises the version, `dueAt` is again what it was before the claim. `false` where it was lost before. */
  release(fences: ReadonlyArray<Fence>, now: number): MaybePromise<ReadonlyArray<boolean>>
  /** Writes each commit whose fence holds, with its history, its plan and its enrollment; at `now` (epoch ms). */
  commit(commits: ReadonlyArray<Commit>, now: number): MaybePromise<ReadonlyArray<CommitResult>>
  /** Writes each signal's commit where nobody holds the row, else leaves its flag. */
  signal(signals: ReadonlyArray<Signal>): MaybePromise<ReadonlyArray<SignalResult>>
  /** When {@link claimDue} will next have something, epoch ms, leases' ends included; `null` for never. */
  nextDueAt(campaigns?: ReadonlyArray<string>): MaybePromise<number | null>

  /** Rows by id, in the order asked; `undefined` for what is not there. */
  get(ids: ReadonlyArray<string>): MaybePromise<ReadonlyArray<ExecutionRow | undefined>>
  /** By id, ascending. */
  list(query: ListQuery): MaybePromise<ReadonlyArray<ExecutionRow>>
  /** In time proportional to the number of columns, not of executions. */
  counts(campaignId: string): MaybePromise<Counts>
  /** What happened to one execution, oldest first. */
  history(id: string): MaybePromise<ReadonlyArray<HistoryEntry>>
  /** The change log after `since` (0: from the start), oldest first. Complete: nothing is left out. */
  changes(since: number, limit: number): MaybePromise<Changes>
  /** Enrollments by id, in the order asked. */
  enrollments(ids: ReadonlyArray<string>): MaybePromise<ReadonlyArray<Enrollment | undefined>>

  /** Documents by key, in the order asked. */
  documents(kind: DocumentKind, keys: ReadonlyArray<string>): MaybePromise<ReadonlyArray<Document | undefined>>
  /** By key, ascending. */
  listDocuments(
    kind: DocumentKind,
    page: { readonly after?: string; readonly limit: number },
  ): MaybePromise<ReadonlyArray<Document>>
  /** Writes or deletes each document whose version is the expected one. */
  writeDocuments(writes: ReadonlyArray<DocumentWrite>): MaybePromise<ReadonlyArray<DocumentWriteResult>>

  /** Calls back when another process may have made work; hints may be lost. Returns how to stop. */
  wakeups?(listener: () => void): () => void
  /** Reads everything and checks checksums, counters and the conservation law. */
  verify(): MaybePromise<VerifyReport>
  /**
   * Erases a person in one atomic step: removes the lead's document, and puts the pseudonym in the place of its id in its
   * executions and enrollments, which stay and stay counted. Raises no version, writes no history. What it removed is
   * overwritten in the files, as far as the store writes them itself. Answers whether there was anything of this lead.
   */
  erase(leadId: string, pseudonym: string): MaybePromise<boolean>
  /** Removes history and rows of executions that ended before (epoch ms); counts stay, nobody can be enrolled twice. Answers how many. */
  prune(endedBefore: number): MaybePromise<number>
  /** Gives the store back. Called once, after the last other call has answered. */
  close(): MaybePromise<void>
}
