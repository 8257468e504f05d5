import type { Enrollment, ExecutionRow } from "../../domain/execution.ts"
import type { ExecutionEvent } from "../../domain/execution-event.ts"
import type { Document, DocumentKind, DocumentWrite, DocumentWriteResult } from "../document.ts"
import type { MaybePromise } from "../driver.ts"
import { isEnded, isUrgent, type RowEntry } from "../rules.ts"
import { MemoryHistory } from "./memory-history.ts"
import { type Persist, Pipeline } from "./pipeline.ts"
import type { Audited, ClaimNote, Lane, OnUndo, Position, Records, RestingFilter, Stored } from "./records.ts"
import { compareText, SortedIndex } from "./sorted-index.ts"
import { addTotals, noTotals, restingBucket, type Totals } from "./totals.ts"

interface Due extends Position {
  readonly id: string
}

const compareDue = (left: Position, right: Position): number => left.dueAt - right.dueAt || left.slot - right.slot

interface CampaignTotals {
  readonly live: Readonly<Totals>
  readonly pruned: Readonly<Totals>
}

// Neither id has it.
const separator = "\0"

const underLead = ({ leadId, id }: ExecutionRow): string => `${leadId}${separator}${id}`

const obtain = <Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value => {
  const there = map.get(key)
  if (there !== undefined) return there
  const made = make()
  map.set(key, made)
  return made
}

/** Records in maps, made durable by a function that writes what changed. */
export class MemoryRecords implements Records {
  readonly #pipeline: Pipeline
  readonly #executions = new Map<string, Stored>()
  readonly #ids = new SortedIndex<string>(compareText)
  /** Ids of each lead's executions, behind the lead's id. */
  readonly #idsOfLeads = new SortedIndex<string>(compareText)
  readonly #lanes = new Map<string, SortedIndex<Due>>()
  readonly #enrollments = new Map<string, Enrollment>()
  readonly #history: MemoryHistory
  readonly #documents = new Map<DocumentKind, Map<string, Document>>()
  readonly #keys = new Map<DocumentKind, SortedIndex<string>>()
  readonly #totals = new Map<string, CampaignTotals>()
  readonly #notes = new Map<string, ClaimNote>()
  readonly #onClose: () => MaybePromise<void>
  #nextSlot = 1
  #noteLimit = 2_000

  constructor(options: {
    readonly storage: string
    readonly persist?: Persist | undefined
    readonly onClose?: (() => MaybePromise<void>) | undefined
  }) {
    this.#pipeline = new Pipeline(options.storage, options.persist)
    this.#history = new MemoryHistory(this.#pipeline.journal)
    this.#onClose = options.onClose ?? (() => undefined)
  }

  read<A>(body: () => A): MaybePromise<A> {
    return this.#pipeline.run(body, true)
  }

  write<A>(body: (onUndo: OnUndo) => A, _durable?: boolean): MaybePromise<A> {
    const { journal } = this.#pipeline
    return this.#pipeline.run(() => body((undo) => journal.undoable(undo)), false)
  }

  #put<Value extends object>(kind: string, map: Map<string, Value>, key: string, value: Value | undefined): void {
    const before = map.get(key)
    const set = (to: Value | undefined) => {
      if (to === undefined) map.delete(key)
      else map.set(key, to)
    }
    set(value)
    this.#pipeline.journal.undoable(() => set(before))
    this.#pipeline.journal.changed(kind, key, before, value)
  }

  #order<Key>(index: SortedIndex<Key>, key: Key, there: boolean): void {
    const set = (to: boolean) => {
      if (to) index.insert(key)
      else index.remove(key)
    }
    set(there)
    this.#pipeline.journal.undoable(() => set(!there))
  }

  #laneOf(lane: Lane): SortedIndex<Due> {
    const name = `${lane.urgent ? "!" : "."}${lane.campaignId}`
    return obtain(this.#lanes, name, () => new SortedIndex<Due>(compareDue))
  }

  #orderDue({ row, slot }: Stored, there: boolean): void {
    if (row.dueAt === null) return
    const lane = this.#laneOf({ campaignId: row.campaignId, urgent: isUrgent(row) })
    this.#order(lane, { dueAt: row.dueAt, slot, id: row.id }, there)
  }

  #putExecution(id: string, stored: Stored | undefined): void {
    const before = this.#executions.get(id)
    if (
      before === undefined ||
      stored === undefined ||
      before.row.dueAt !== stored.row.dueAt ||
      isUrgent(before.row) !== isUrgent(stored.row)
    ) {
      if (before !== undefined) this.#orderDue(before, false)
      if (stored !== undefined) this.#orderDue(stored, true)
    }
    if (before?.row.leadId !== stored?.row.leadId) {
      if (before === undefined || stored === undefined) this.#order(this.#ids, id, stored !== undefined)
      if (before !== undefined) this.#order(this.#idsOfLeads, underLead(before.row), false)
      if (stored !== undefined) this.#order(this.#idsOfLeads, underLead(stored.row), true)
    }
    this.#put("execution", this.#executions, id, stored)
  }

  execution(id: string): Stored | undefined {
    return this.#executions.get(id)
  }

  insertExecution(entry: RowEntry): Stored | undefined {
    if (this.#executions.has(entry.row.id)) return undefined
    const stored: Stored = { ...entry, slot: this.#nextSlot++ }
    this.#putExecution(entry.row.id, stored)
    if (!this.#totals.has(entry.row.campaignId)) this.addTotals(entry.row.campaignId, "live", noTotals())
    return stored
  }

  updateExecution(rest: Stored): void {
    this.#putExecution(rest.row.id, rest)
  }

  removeExecution({ row }: Stored): void {
    this.#putExecution(row.id, undefined)
    this.#history.remove(row.id)
    const meta = { nextSlot: this.#nextSlot, nextSeq: this.#history.nextSeq }
    this.#pipeline.journal.changed("meta", "counters", meta, meta)
  }

  due(lane: Lane, from: Position, until: number, limit: number): ReadonlyArray<Stored> {
    const rows: Array<Stored> = []
    for (const due of this.#laneOf(lane).from({ ...from, id: "" })) {
      if (due.dueAt > until || rows.length >= limit) break
      const stored = this.#executions.get(due.id)
      if (stored !== undefined) rows.push(stored)
    }
    return rows
  }

  campaigns(): Iterable<string> {
    return this.#totals.keys()
  }

  *#idsOf(leadId: string, after = ""): Generator<string, void, undefined> {
    const start = `${leadId}${separator}`
    for (const key of this.#idsOfLeads.from(start + after)) {
      if (!key.startsWith(start)) return
      yield key.slice(start.length)
    }
  }

  *executions(filter: RestingFilter): Iterable<Stored> {
    const ids = filter.leadId === undefined ? this.#ids.from(filter.after) : this.#idsOf(filter.leadId, filter.after)
    for (const id of ids) {
      const stored = this.#executions.get(id)
      if (stored === undefined || id === filter.after) continue
      const { row } = stored
      if (filter.campaignId !== undefined && row.campaignId !== filter.campaignId) continue
      if (filter.reason !== undefined && row.context.reason?.code !== filter.reason) continue
      if (filter.buckets !== undefined && !filter.buckets.includes(restingBucket(row))) continue
      yield stored
    }
  }

  endedBefore(instant: number, limit: number, afterSlot: number): ReadonlyArray<Stored> {
    const ended: Array<Stored> = []
    for (const stored of this.#executions.values()) {
      if (ended.length >= limit) break
      if (stored.slot > afterSlot && isEnded(stored.row) && stored.row.updatedAt < instant) ended.push(stored)
    }
    return ended
  }

  executionCount(): number {
    return this.#executions.size
  }

  enrollment(id: string): Enrollment | undefined {
    return this.#enrollments.get(id)
  }

  insertEnrollment(enrollment: Enrollment): boolean {
    if (this.#enrollments.has(enrollment.id)) return false
    this.#put("enrollment", this.#enrollments, enrollment.id, enrollment)
    return true
  }

  removeEnrollment(enrollment: Enrollment): void {
    this.#put("enrollment", this.#enrollments, enrollment.id, undefined)
  }

  moveEnrollment(id: string, status: Enrollment["status"]): Enrollment["status"] | undefined {
    const before = this.#enrollments.get(id)
    if (before !== undefined && before.status !== status)
      this.#put("enrollment", this.#enrollments, id, { ...before, status })
    return before?.status
  }

  renameLead(leadId: string, pseudonym: string): boolean {
    let found = false
    for (const stored of [...this.executions({ leadId })]) {
      found = true
      this.#putExecution(stored.row.id, { ...stored, row: { ...stored.row, leadId: pseudonym } })
    }
    for (const [id, enrollment] of this.#enrollments) {
      if (enrollment.leadId !== leadId) continue
      found = true
      this.#put("enrollment", this.#enrollments, id, { ...enrollment, leadId: pseudonym })
    }
    return found
  }

  appendHistory({ row }: Stored, events: ReadonlyArray<ExecutionEvent>): void {
    this.#history.append(row.id, events)
  }

  history(id: string) {
    return this.#history.of(id)
  }

  changes(since: number, limit: number) {
    return this.#history.changes(since, limit)
  }

  #kind(kind: DocumentKind): Map<string, Document> {
    return obtain(this.#documents, kind, () => new Map())
  }

  #keysOf(kind: DocumentKind): SortedIndex<string> {
    return obtain(this.#keys, kind, () => new SortedIndex(compareText))
  }

  document(kind: DocumentKind, key: string): Document | undefined {
    return this.#kind(kind).get(key)
  }

  hasDocument(kind: DocumentKind, key: string): boolean {
    return this.#kind(kind).has(key)
  }

  documents(kind: DocumentKind, page: { readonly after?: string; readonly limit: number }): ReadonlyArray<Document> {
    const found: Array<Document> = []
    for (const key of this.#keysOf(kind).from(page.after)) {
      if (found.length >= page.limit) break
      const document = this.#kind(kind).get(key)
      if (document !== undefined && key !== page.after) found.push(document)
    }
    return found
  }

  insertDocument({ kind, key, value }: Omit<Document, "version">): void {
    if (!this.hasDocument(kind, key)) this.#putDocument(kind, key, { kind, key, version: 1, value })
  }

  #putDocument(kind: DocumentKind, key: string, document: Document | undefined): void {
    const documents = this.#kind(kind)
    if (documents.has(key) !== (document !== undefined)) this.#order(this.#keysOf(kind), key, document !== undefined)
    this.#put(`document/${kind}`, documents, key, document)
  }

  writeDocument({ kind, key, expected, value }: DocumentWrite): DocumentWriteResult {
    const version = this.document(kind, key)?.version ?? 0
    if (expected !== undefined && expected !== version) return { type: "conflict", version }
    if (value !== null) this.#putDocument(kind, key, { kind, key, version: version + 1, value })
    else if (version > 0) this.#putDocument(kind, key, undefined)
    return { type: "ok", version: value === null ? 0 : version + 1 }
  }

  totals(campaignId: string): CampaignTotals {
    return this.#totals.get(campaignId) ?? { live: noTotals(), pruned: noTotals() }
  }

  addTotals(campaignId: string, part: "live" | "pruned", delta: Readonly<Totals>): void {
    const totals = this.totals(campaignId)
    this.#put("counts", this.#totals, campaignId, { ...totals, [part]: addTotals(totals[part], delta) })
  }

  noteClaims(claimed: ReadonlyArray<Stored>, held: Iterable<Stored>): void {
    for (const stored of claimed) this.#note(stored)
    // Notes of rows that went on are not removed one by one; when they pile up, those that matter are written again.
    if (this.#notes.size < this.#noteLimit) return
    this.clearClaimNotes()
    for (const stored of held) this.#note(stored)
    this.#noteLimit = Math.max(2_000, this.#notes.size * 4)
  }

  #note({ row }: Stored): void {
    if (row.claims > 0) this.#put("claim", this.#notes, row.id, { id: row.id, version: row.version - 1 })
  }

  claimNotes(): ReadonlyArray<ClaimNote> {
    return [...this.#notes.values()]
  }

  clearClaimNotes(): void {
    for (const id of [...this.#notes.keys()]) this.#put("claim", this.#notes, id, undefined)
  }

  /** Takes in records that were persisted before; only for records that are still empty. */
  restore(records: {
    readonly executions: Iterable<Stored>
    readonly enrollments: Iterable<Enrollment>
    readonly history: Iterable<{
      readonly seq: number
      readonly executionId: string
      readonly events: ReadonlyArray<ExecutionEvent>
    }>
    readonly documents: Iterable<Document>
    readonly totals: Iterable<readonly [string, CampaignTotals]>
    readonly notes: Iterable<ClaimNote>
    readonly nextSlot: number
    readonly nextSeq: number
  }): void {
    this.#nextSlot = records.nextSlot
    for (const stored of [...records.executions].sort((left, right) => left.slot - right.slot)) {
      this.#nextSlot = Math.max(this.#nextSlot, stored.slot + 1)
      this.#putExecution(stored.row.id, stored)
    }
    for (const enrollment of records.enrollments) this.#enrollments.set(enrollment.id, enrollment)
    for (const document of records.documents) this.#putDocument(document.kind, document.key, document)
    for (const [campaignId, totals] of records.totals) this.#totals.set(campaignId, totals)
    for (const note of records.notes) this.#notes.set(note.id, note)
    this.#history.restore(records.history, records.nextSeq)
    this.#pipeline.journal.clear()
  }

  /** Nothing is kept of what was removed: whoever persists writes it anew. */
  scrub(): void {}

  *audit(): Iterable<Audited> {
    for (const stored of this.#executions.values()) yield { type: "execution", stored }
    for (const enrollment of this.#enrollments.values()) yield { type: "enrollment", enrollment }
    for (const [campaignId, { live }] of this.#totals) yield { type: "totals", campaignId, live }
  }

  close(): MaybePromise<void> {
    const idle = this.#pipeline.idle()
    return idle instanceof Promise ? idle.then(() => this.#onClose()) : this.#onClose()
  }
}
