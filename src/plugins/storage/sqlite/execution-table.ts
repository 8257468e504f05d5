import { buckets } from "../../../sdk/domain/counts.ts"
import type { Lane, Position, RestingFilter, Stored } from "../../../sdk/storage/one-process/records.ts"
import type { RowEntry } from "../../../sdk/storage/rules.ts"
import type { CampaignTable } from "./campaign-table.ts"
import type { Connection } from "./connection.ts"
import { attentionBuckets, decode, type ExecutionColumns, encode } from "./execution-codec.ts"
import type { NumberSource } from "./number-source.ts"
import type { ShapeTable } from "./shape-table.ts"

const columns = "slot, id, shape, enrollment, lead, created_at, updated_at, due_at, urgent, bucket, reason, body, crc"

/** Rows are read by so many at a time, so that a long list costs no memory. */
const page = 200

/** Ended buckets come last in {@link buckets}. */
const firstEndedBucket = buckets.indexOf("sent")

/** Executions: by id, by slot, by lead, in due order. */
export class ExecutionTable {
  readonly #connection: Connection
  readonly #campaigns: CampaignTable
  readonly #shapes: ShapeTable
  readonly #slots: NumberSource
  readonly #shapeOf = (ref: number) => this.#shapes.get(ref)

  constructor(connection: Connection, campaigns: CampaignTable, shapes: ShapeTable, slots: NumberSource) {
    this.#connection = connection
    this.#campaigns = campaigns
    this.#shapes = shapes
    this.#slots = slots
  }

  #decode(row: unknown): Stored {
    return decode(row as ExecutionColumns, this.#shapeOf, this.#connection.path)
  }

  get(id: string): Stored | undefined {
    const row = this.#connection.prepare(`SELECT ${columns} FROM execution WHERE id = ?`).get(id)
    return row === undefined ? undefined : this.#decode(row)
  }

  insert(entry: RowEntry): Stored | undefined {
    const { row } = entry
    const shape = this.#shapes.refOf(row)
    const campaign = this.#campaigns.refOf(row.campaignId)
    const stored: Stored = { ...entry, slot: this.#slots.peek() }
    const made = encode(stored, shape)
    this.#connection.begin()
    const { changes } = this.#connection
      .prepare(
        "INSERT OR IGNORE INTO execution (slot, id, campaign, shape, enrollment, lead, created_at, updated_at, due_at, urgent, bucket, attention, reason, body, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        stored.slot,
        row.id,
        campaign,
        shape,
        row.enrollmentId,
        row.leadId,
        row.createdAt,
        made.updatedAt,
        made.dueAt,
        made.urgent,
        made.bucket,
        made.attention,
        made.reason,
        made.body,
        made.crc,
      )
    if (changes === 0) return undefined
    this.#slots.take()
    return stored
  }

  update(rest: Stored): void {
    const shape = this.#shapes.refOf(rest.row)
    const made = encode(rest, shape)
    this.#connection.begin()
    this.#connection
      .prepare(
        "UPDATE execution SET shape = ?, updated_at = ?, due_at = ?, urgent = ?, bucket = ?, attention = ?, reason = ?, body = ?, crc = ? WHERE slot = ?",
      )
      .run(
        shape,
        made.updatedAt,
        made.dueAt,
        made.urgent,
        made.bucket,
        made.attention,
        made.reason,
        made.body,
        made.crc,
        rest.slot,
      )
  }

  /** Puts another id in the place of a lead's; answers whether it has any execution. */
  renameLead(lead: string, pseudonym: string): boolean {
    const rows = this.#connection.prepare(`SELECT ${columns} FROM execution WHERE lead = ? ORDER BY slot`).all(lead)
    this.#connection.begin()
    for (const columnsOfRow of rows) {
      const before = this.#decode(columnsOfRow)
      const after: Stored = { ...before, row: { ...before.row, leadId: pseudonym } }
      this.#connection
        .prepare("UPDATE execution SET lead = ?, crc = ? WHERE slot = ?")
        .run(pseudonym, encode(after, this.#shapes.refOf(after.row)).crc, after.slot)
    }
    return rows.length > 0
  }

  remove(slot: number): void {
    this.#connection.begin()
    this.#connection.prepare("DELETE FROM execution WHERE slot = ?").run(slot)
    this.#slots.keep()
  }

  due({ campaignId, urgent }: Lane, from: Position, until: number, limit: number): ReadonlyArray<Stored> {
    const campaign = this.#campaigns.find(campaignId)
    if (campaign === undefined) return []
    return this.#connection
      .prepare(
        `SELECT ${columns} FROM execution WHERE campaign = ? AND urgent = ? AND due_at IS NOT NULL AND (due_at, slot) >= (?, ?) AND due_at <= ? ORDER BY due_at, slot LIMIT ?`,
      )
      .all(campaign, urgent ? 1 : 0, from.dueAt, from.slot, until, limit)
      .map((row) => this.#decode(row))
  }

  endedBefore(instant: number, limit: number, afterSlot: number): ReadonlyArray<Stored> {
    return this.#connection
      .prepare(
        `SELECT ${columns} FROM execution WHERE slot > ? AND bucket >= ${firstEndedBucket} AND updated_at < ? ORDER BY slot LIMIT ?`,
      )
      .all(afterSlot, instant, limit)
      .map((row) => this.#decode(row))
  }

  count(): number {
    return Number(this.#connection.prepare("SELECT count(*) AS n FROM execution").get()?.n ?? 0)
  }

  /** By id, ascending. */
  *list(filter: RestingFilter): Generator<Stored, void, undefined> {
    const asked = filter.buckets?.map((bucket) => buckets.indexOf(bucket))
    const values: Array<string | number> = []
    const terms: Array<string> = []
    if (filter.campaignId !== undefined) {
      const campaign = this.#campaigns.find(filter.campaignId)
      if (campaign === undefined) return
      terms.push("campaign = ?")
      values.push(campaign)
    }
    if (filter.leadId !== undefined) {
      terms.push("lead = ?")
      values.push(filter.leadId)
    }
    if (filter.reason !== undefined) {
      terms.push("reason = ?")
      values.push(filter.reason)
    }
    const rare =
      asked !== undefined && filter.leadId === undefined && asked.every((bucket) => attentionBuckets.has(bucket))
    const select = (term: string) =>
      `SELECT ${columns} FROM execution WHERE ${[...terms, term, "id > ?"].join(" AND ")}`
    // One ordered walk for each rare bucket, merged by SQLite; a walk through all rows otherwise.
    const parts = rare
      ? asked.map((bucket) => select(`attention = ${bucket}`))
      : [select(asked === undefined ? "1" : `bucket IN (${asked.join()})`)]
    const sql = `${parts.join(" UNION ALL ")} ORDER BY id LIMIT ${page}`
    let after = filter.after ?? ""
    for (;;) {
      const rows = this.#connection.prepare(sql).all(...parts.flatMap(() => [...values, after]))
      for (const row of rows) yield this.#decode(row)
      if (rows.length < page) return
      after = String(rows.at(-1)?.id)
    }
  }

  /** Every row by slot, with the error instead of the row where one is damaged. */
  *all(): Generator<Stored | { readonly id: string; readonly error: unknown }, void, undefined> {
    let after = 0
    for (;;) {
      const rows = this.#connection
        .prepare(`SELECT ${columns} FROM execution WHERE slot > ? ORDER BY slot LIMIT ${page}`)
        .all(after)
      for (const row of rows) {
        after = Number(row.slot)
        let found: Stored | { readonly id: string; readonly error: unknown }
        try {
          found = this.#decode(row)
        } catch (error) {
          found = { id: String(row.id), error }
        }
        yield found
      }
      if (rows.length < page) return
    }
  }
}
