import type { Enrollment } from "../../../sdk/domain/execution.ts"
import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"

const statuses = ["active", "finished", "ended"] as const

// Without the status, so that it can be changed without a read: of its three words no flip of a bit makes another.
const sumOf = (enrollment: Enrollment): number =>
  checksum(
    enrollment.id,
    enrollment.campaignId,
    enrollment.leadId,
    enrollment.entry,
    enrollment.definition,
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
    if (!statuses.includes(enrollment.status) || sumOf(enrollment) !== row.crc)
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

  /** Answers the status before, or `undefined` when there is no such enrollment. */
  move(id: string, status: Enrollment["status"]): Enrollment["status"] | undefined {
    this.#connection.begin()
    const update = this.#connection.prepare("UPDATE enrollment SET status = ? WHERE id = ? AND status = ?")
    // Nearly always active: then one statement does it without a read.
    for (const before of statuses) if (before !== status && update.run(status, id, before).changes !== 0) return before
    return this.get(id)?.status
  }

  /** Puts another id in the place of a lead's; answers whether it has any enrollment. Reads the whole table: it is rare. */
  renameLead(lead: string, pseudonym: string): boolean {
    const rows = this.#connection.prepare("SELECT * FROM enrollment WHERE lead = ?").all(lead)
    this.#connection.begin()
    for (const row of rows) {
      const after = { ...this.#decode(row), leadId: pseudonym }
      this.#connection
        .prepare("UPDATE enrollment SET lead = ?, crc = ? WHERE id = ?")
        .run(pseudonym, sumOf(after), after.id)
    }
    return rows.length > 0
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
