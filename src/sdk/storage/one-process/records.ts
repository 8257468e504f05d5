import type { Bucket } from "../../domain/counts.ts"
import type { Enrollment } from "../../domain/execution.ts"
import type { ExecutionEvent, HistoryEntry } from "../../domain/execution-event.ts"
import type { Document, DocumentKind, DocumentWrite, DocumentWriteResult } from "../document.ts"
import type { Changes, MaybePromise } from "../driver.ts"
import type { RowEntry } from "../rules.ts"
import type { Totals } from "./totals.ts"

/** A row at rest (or, in the engine's hands, with its lease) and its place in the order of creation. */
export interface Stored extends RowEntry {
  /** Rises with each execution that is created, is never given twice. */
  readonly slot: number
}

/** A place in a due lane. */
export interface Position {
  readonly dueAt: number
  readonly slot: number
}

/** The due rows of one campaign: the urgent ones apart, since a pause does not stop them. */
export interface Lane {
  readonly campaignId: string
  readonly urgent: boolean
}

/** Which resting rows {@link Records.executions} gives. */
export interface RestingFilter {
  readonly campaignId?: string | undefined
  readonly leadId?: string | undefined
  readonly buckets?: ReadonlyArray<Bucket> | undefined
  readonly reason?: string | undefined
  readonly after?: string | undefined
}

/** A claim that was written down in case the process dies of it. */
export interface ClaimNote {
  readonly id: string
  /** The row's version before the claim: unchanged at rest means no progress. */
  readonly version: number
}

/** Something that a complete read came across. */
export type Audited =
  | { readonly type: "execution"; readonly stored: Stored }
  | { readonly type: "enrollment"; readonly enrollment: Enrollment }
  | { readonly type: "totals"; readonly campaignId: string; readonly live: Readonly<Totals> }
  | { readonly type: "problem"; readonly key: string; readonly problem: string }

/** Remembers how to take something back should the write fail. */
export type OnUndo = (undo: () => void) => void

/**
 * What the one-process engine needs of a store: records by key, two orders, and atomic writes. No rule of the
 * protocol is in here. Everything but `read`, `write` and `close` is called inside of one of these two.
 */
export interface Records {
  /** Runs `body` on what is durable. */
  read<A>(body: () => A): MaybePromise<A>
  /**
   * Runs `body` and makes its changes durable together before it answers. When that fails, all of them are taken
   * back, and what was given to `onUndo` is called, last first.
   */
  write<A>(body: (onUndo: OnUndo) => A, durable: boolean): MaybePromise<A>

  execution(id: string): Stored | undefined
  /** `undefined` when the id is taken. */
  insertExecution(entry: RowEntry): Stored | undefined
  /** Replaces the resting row of the same slot. */
  updateExecution(rest: Stored): void
  /** With its history. */
  removeExecution(stored: Stored): void
  /** Rows of the lane from a place on, in order, due until an instant. */
  due(lane: Lane, from: Position, until: number, limit: number): ReadonlyArray<Stored>
  /** Campaigns that have executions. */
  campaigns(): Iterable<string>
  /** By id, ascending. */
  executions(filter: RestingFilter): Iterable<Stored>
  /** By slot, ascending, behind `afterSlot`. */
  endedBefore(instant: number, limit: number, afterSlot: number): ReadonlyArray<Stored>
  executionCount(): number

  enrollment(id: string): Enrollment | undefined
  /** `false` when the id is taken. */
  insertEnrollment(enrollment: Enrollment): boolean
  removeEnrollment(enrollment: Enrollment): void
  /** Answers the status before; `undefined` when there is no such enrollment. */
  moveEnrollment(id: string, status: Enrollment["status"]): Enrollment["status"] | undefined

  /** Puts another id in the place of a lead's, in its executions and enrollments; answers whether it has any. */
  renameLead(leadId: string, pseudonym: string): boolean

  appendHistory(stored: Stored, events: ReadonlyArray<ExecutionEvent>): void
  history(id: string): ReadonlyArray<HistoryEntry>
  changes(since: number, limit: number): Changes

  document(kind: DocumentKind, key: string): Document | undefined
  hasDocument(kind: DocumentKind, key: string): boolean
  documents(kind: DocumentKind, page: { readonly after?: string; readonly limit: number }): ReadonlyArray<Document>
  writeDocument(write: DocumentWrite): DocumentWriteResult
  /** Unless there is one already. */
  insertDocument(document: Omit<Document, "version">): void

  /** Of the campaign's rows, and of those that were pruned. */
  totals(campaignId: string): { readonly live: Readonly<Totals>; readonly pruned: Readonly<Totals> }
  addTotals(campaignId: string, part: "live" | "pruned", delta: Readonly<Totals>): void

  /** `held` are all leased rows, for stores that note them as a whole. */
  noteClaims(claimed: ReadonlyArray<Stored>, held: Iterable<Stored>): void
  /** What {@link noteClaims} left. */
  claimNotes(): ReadonlyArray<ClaimNote>
  clearClaimNotes(): void

  /** Makes unreadable what was removed before and is still in a file. Called outside of `read` and `write`. */
  scrub(): void

  /** Everything that is stored, read and checked. */
  audit(): Iterable<Audited>
  close(): MaybePromise<void>
}
