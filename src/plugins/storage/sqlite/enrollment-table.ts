import type { Enrollment } from "../../../sdk/domain/execution.ts"
import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"

const statuses: ReadonlySet<unknown> = new Set<Enrollment["status"]>(["active", "finished", "ended"])

const sumOf = (enrollment: Enrollment): number =>
  checksum(
    enrollment.id,
    enrollment.campaignId,
    enrollment.leadId,
    enrollment.entry,
    enrollment.definition,
    enrollment.status,
    enrollment.createdAt,
  )

/** Enrollments, by id. */
export class EnrollmentTable {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  #decode(row: Record<string, unknown>): Enrollment {
    const enrollment = {
      id: row.id,
      campaignId: row.campaign,
      leadId: row.lead,
      entry: row.entry,
      definition: row.definition,
      status: row.status,
      createdAt: row.created_at,
    } as Enrollment
    if (!statuses.has(enrollment.status) || sumOf(enrollment) !== row.crc)
      throw corrupt(this.#connection.path, `Enrollment ${JSON.stringify(enrollment.id)}`)
    return enrollment
  }

  get(id: string): Enrollment | undefined {
    const row = this.#connection.prepare("SELECT * FROM enrollment WHERE id = ?").get(id)
    return row === undefined ? undefined : this.#decode(row)
  }

  /** `false` when the id is taken. */
  insert(enrollment: Enrollment): boolean {
    this.#connection.begin()
    const { changes } = this.#connection
      .prepare(
        "INSERT OR IGNORE INTO enrollment (id, campaign, lead, entry, definition, status, created_at, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        enrollment.id,
        enrollment.campaignId,
        enrollment.leadId,
        enrollment.entry,
        enrollment.definition,
        enrollment.status,
        enrollment.createdAt,
        sumOf(enrollment),
      )
    return changes !== 0
  }

  update(after: Enrollment): void {
    this.#connection.begin()
    this.#connection
      .prepare("UPDATE enrollment SET status = ?, crc = ? WHERE id = ?")
      .run(after.status, sumOf(after), after.id)
  }

  remove(id: string): void {
    this.#connection.begin()
    this.#connection.prepare("DELETE FROM enrollment WHERE id = ?").run(id)
  }

  *all(): Generator<Enrollment | { readonly id: string; readonly error: unknown }, void, undefined> {
    let after = 0
    for (;;) {
      const rows = this.#connection.prepare("SELECT * FROM enrollment WHERE ref > ? ORDER BY ref LIMIT 200").all(after)
      for (const row of rows) {
        after = Number(row.ref)
        let found: Enrollment | { readonly id: string; readonly error: unknown }
        try {
          found = this.#decode(row)
        } catch (error) {
          found = { id: String(row.id), error }
        }
        yield found
      }
      if (rows.length < 200) return
    }
  }
}
