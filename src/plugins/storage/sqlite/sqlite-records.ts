import type { Enrollment } from "../../../sdk/domain/execution.ts"
import type { ExecutionEvent } from "../../../sdk/domain/execution-event.ts"
import type { Document, DocumentKind, DocumentWrite } from "../../../sdk/storage/document.ts"
import type {
  Audited,
  Lane,
  OnUndo,
  Position,
  Records,
  RestingFilter,
  Stored,
} from "../../../sdk/storage/one-process/records.ts"
import type { Totals } from "../../../sdk/storage/one-process/totals.ts"
import type { RowEntry } from "../../../sdk/storage/rules.ts"
import { CampaignTable } from "./campaign-table.ts"
import { ClaimTable } from "./claim-table.ts"
import type { Connection } from "./connection.ts"
import { DocumentTable } from "./document-table.ts"
import { EnrollmentTable } from "./enrollment-table.ts"
import { ExecutionTable } from "./execution-table.ts"
import { HistoryTable } from "./history-table.ts"
import { NumberSource } from "./number-source.ts"
import { ShapeTable } from "./shape-table.ts"

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The engine's records in the tables of one SQLite file. */
export class SqliteRecords implements Records {
  readonly #connection: Connection
  readonly #campaigns: CampaignTable
  readonly #executions: ExecutionTable
  readonly #enrollments: EnrollmentTable
  readonly #history: HistoryTable
  readonly #documents: DocumentTable
  readonly #claims: ClaimTable
  readonly #onClose: () => void

  constructor(connection: Connection, onClose: () => void) {
    this.#connection = connection
    this.#onClose = onClose
    this.#campaigns = new CampaignTable(connection)
    const slots = new NumberSource(connection, "execution", "slot")
    this.#executions = new ExecutionTable(connection, this.#campaigns, new ShapeTable(connection), slots)
    this.#enrollments = new EnrollmentTable(connection)
    this.#history = new HistoryTable(connection, new NumberSource(connection, "history", "seq"))
    this.#documents = new DocumentTable(connection)
    this.#claims = new ClaimTable(connection)
  }

  read<A>(body: () => A): A {
    return this.#connection.snapshot(body)
  }

  write<A>(body: (onUndo: OnUndo) => A, durable: boolean): A {
    const undos: Array<() => void> = []
    try {
      return this.#connection.transact(() => body((undo) => void undos.push(undo)), durable)
    } catch (error) {
      for (const undo of undos.reverse()) undo()
      throw error
    }
  }

  execution(id: string): Stored | undefined {
    return this.#executions.get(id)
  }

  insertExecution(entry: RowEntry): Stored | undefined {
    return this.#executions.insert(entry)
  }

  updateExecution(rest: Stored): void {
    this.#executions.update(rest)
  }

  removeExecution({ slot }: Stored): void {
    this.#executions.remove(slot)
    this.#history.removeOf(slot)
  }

  due(lane: Lane, from: Position, until: number, limit: number): ReadonlyArray<Stored> {
    return this.#executions.due(lane, from, until, limit)
  }

  campaigns(): Iterable<string> {
    return this.#campaigns.ids()
  }

  executions(filter: RestingFilter): Iterable<Stored> {
    return this.#executions.list(filter)
  }

  endedBefore(instant: number, limit: number, afterSlot: number): ReadonlyArray<Stored> {
    return this.#executions.endedBefore(instant, limit, afterSlot)
  }

  executionCount(): number {
    return this.#executions.count()
  }

  enrollment(id: string): Enrollment | undefined {
    return this.#enrollments.get(id)
  }

  insertEnrollment(enrollment: Enrollment): boolean {
    return this.#enrollments.insert(enrollment)
  }

  removeEnrollment({ id }: Enrollment): void {
    this.#enrollments.remove(id)
  }

  moveEnrollment(id: string, status: Enrollment["status"]): Enrollment["status"] | undefined {
    return this.#enrollments.move(id, status)
  }

  renameLead(leadId: string, pseudonym: string): boolean {
    const hasExecutions = this.#executions.renameLead(leadId, pseudonym)
    return this.#enrollments.renameLead(leadId, pseudonym) || hasExecutions
  }

  appendHistory({ slot }: Stored, events: ReadonlyArray<ExecutionEvent>): void {
    this.#history.append(slot, events)
  }

  history(id: string) {
    return this.#history.of(id)
  }

  changes(since: number, limit: number) {
    return this.#history.changes(since, limit)
  }

  document(kind: DocumentKind, key: string): Document | undefined {
    return this.#documents.get(kind, key)
  }

  hasDocument(kind: DocumentKind, key: string): boolean {
    return this.#documents.has(kind, key)
  }

  documents(kind: DocumentKind, page: { readonly after?: string; readonly limit: number }): ReadonlyArray<Document> {
    return this.#documents.list(kind, page)
  }

  insertDocument(document: Omit<Document, "version">): void {
    this.#documents.insert(document)
  }

  writeDocument(write: DocumentWrite) {
    return this.#documents.write(write)
  }

  totals(campaignId: string) {
    return this.#campaigns.totals(campaignId)
  }

  addTotals(campaignId: string, part: "live" | "pruned", delta: Readonly<Totals>): void {
    this.#campaigns.add(campaignId, part, delta)
  }

  noteClaims(claimed: ReadonlyArray<Stored>, held: Iterable<Stored>): void {
    this.#claims.note(claimed, held)
  }

  claimNotes() {
    return this.#claims.all()
  }

  clearClaimNotes(): void {
    this.#claims.clear()
  }

  scrub(): void {
    this.#connection.emptyLog()
  }

  *audit(): Iterable<Audited> {
    // SQLite's own check finds indexes that do not agree with their tables, which would hide rows.
    for (const row of this.#connection.db.prepare("PRAGMA integrity_check(20)").all()) {
      const problem = String(row.integrity_check)
      if (problem !== "ok") yield { type: "problem", key: "file", problem }
    }
    for (const found of this.#executions.all())
      if ("error" in found) yield { type: "problem", key: `execution/${found.id}`, problem: textOf(found.error) }
      else yield { type: "execution", stored: found }
    for (const found of this.#enrollments.all())
      if ("error" in found) yield { type: "problem", key: `enrollment/${found.id}`, problem: textOf(found.error) }
      else yield { type: "enrollment", enrollment: found }
    for (const { key, error } of this.#history.problems()) yield { type: "problem", key, problem: textOf(error) }
    for (const { key, error } of this.#documents.problems()) yield { type: "problem", key, problem: textOf(error) }
    for (const campaignId of this.#campaigns.ids())
      yield { type: "totals", campaignId, live: this.#campaigns.totals(campaignId).live }
  }

  close(): void {
    this.#connection.close()
    this.#onClose()
  }
}
