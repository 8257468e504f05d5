import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"

/**
 * Rising numbers of a table's rows. Cheaper than AUTOINCREMENT, which writes a second table for each row: only a
 * removal writes down how far it got.
 */
export class NumberSource {
  readonly #connection: Connection
  readonly #name: string
  #next: number

  constructor(connection: Connection, table: string, column: string) {
    this.#connection = connection
    this.#name = `${table}.${column}`
    const used = connection.db.prepare(`SELECT max(${column}) AS used FROM ${table}`).get()?.used
    const kept = connection.db.prepare("SELECT value, crc FROM counter WHERE name = ?").get(this.#name)
    if (kept !== undefined && kept.crc !== checksum(this.#name, kept.value))
      throw corrupt(connection.path, `The counter ${this.#name}`)
    this.#next = Math.max(Number(used ?? 0) + 1, Number(kept?.value ?? 1))
  }

  /** The number that {@link take} takes. */
  peek(): number {
    return this.#next
  }

  take(): number {
    return this.#next++
  }

  /** Makes sure that no number is given again, whatever rows are removed. */
  keep(): void {
    this.#connection
      .prepare(
        "INSERT INTO counter (name, value, crc) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value, crc = excluded.crc",
      )
      .run(this.#name, this.#next, checksum(this.#name, this.#next))
  }
}
