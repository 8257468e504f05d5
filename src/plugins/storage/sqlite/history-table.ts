import type { ExecutionEvent, HistoryEntry } from "../../../sdk/domain/execution-event.ts"
import type { Changes } from "../../../sdk/storage/driver.ts"
import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"
import type { NumberSource } from "./number-source.ts"

/** Histories; their order over all executions is the change log. */
export class HistoryTable {
  readonly #connection: Connection
  readonly #seqs: NumberSource

  constructor(connection: Connection, seqs: NumberSource) {
    this.#connection = connection
    this.#seqs = seqs
  }

  append(slot: number, events: ReadonlyArray<ExecutionEvent>): void {
    const seq = this.#seqs.take()
    const text = JSON.stringify(events)
    this.#connection.begin()
    this.#connection
      .prepare("INSERT INTO history (seq, slot, events, crc) VALUES (?, ?, ?, ?)")
      .run(seq, slot, text, checksum(seq, slot, text))
  }

  removeOf(slot: number): void {
    this.#connection.begin()
    this.#connection.prepare("DELETE FROM history WHERE slot = ?").run(slot)
    this.#seqs.keep()
  }

  #decode(row: Record<string, unknown>): HistoryEntry {
    const { seq, slot, events, crc, id } = row
    if (typeof seq !== "number" || typeof events !== "string" || checksum(seq, slot, events) !== crc)
      throw corrupt(this.#connection.path, `Entry ${seq} of the history of execution ${JSON.stringify(id)}`)
    return { seq, executionId: String(id), events: JSON.parse(events) as ReadonlyArray<ExecutionEvent> }
  }

  of(id: string): ReadonlyArray<HistoryEntry> {
    return this.#connection
      .prepare(
        "SELECT seq, history.slot, events, history.crc, id FROM execution JOIN history ON history.slot = execution.slot WHERE id = ? ORDER BY seq",
      )
      .all(id)
      .map((row) => this.#decode(row))
  }

  changes(since: number, limit: number): Changes {
    const entries = this.#connection
      .prepare(
        "SELECT seq, history.slot, events, history.crc, id FROM history CROSS JOIN execution ON execution.slot = history.slot WHERE seq > ? ORDER BY seq LIMIT ?",
      )
      .all(since, limit)
      .map((row) => this.#decode(row))
    return { entries, next: entries.at(-1)?.seq ?? since }
  }

  /** Problems of all entries. */
  *problems(): Generator<{ readonly key: string; readonly error: unknown }, void, undefined> {
    let after = 0
    for (;;) {
      const rows = this.#connection
        .prepare(
          "SELECT seq, history.slot, events, history.crc, id FROM history LEFT JOIN execution ON execution.slot = history.slot WHERE seq > ? ORDER BY seq LIMIT 500",
        )
        .all(after)
      for (const row of rows) {
        after = Number(row.seq)
        try {
          this.#decode(row)
          if (row.id === null) throw corrupt(this.#connection.path, "An entry of the history without an execution")
        } catch (error) {
          yield { key: `history/${after}`, error }
        }
      }
      if (rows.length < 500) return
    }
  }
}
