import type { ClaimNote, Stored } from "../../../sdk/storage/one-process/records.ts"
import type { Connection } from "./connection.ts"

/** Notes of claims, for the case that one of them kills the process. */
export class ClaimTable {
  readonly #connection: Connection
  /** Notes since the table was last cut down to what matters. */
  #notes = 0
  #limit = 20_000

  constructor(connection: Connection) {
    this.#connection = connection
  }

  note(claimed: ReadonlyArray<Stored>, held: Iterable<Stored>): void {
    for (const stored of claimed) this.#insert(stored)
    if (this.#notes < this.#limit) return
    this.clear()
    for (const stored of held) this.#insert(stored)
    this.#limit = Math.max(20_000, this.#notes * 4)
  }

  #insert({ row, slot }: Stored): void {
    if (row.claims === 0) return
    this.#connection.begin()
    this.#connection.prepare("INSERT OR REPLACE INTO claim (slot, version) VALUES (?, ?)").run(slot, row.version - 1)
    this.#notes++
  }

  all(): ReadonlyArray<ClaimNote> {
    return this.#connection
      .prepare("SELECT execution.id, claim.version FROM claim JOIN execution ON execution.slot = claim.slot")
      .all()
      .map((row) => ({ id: String(row.id), version: Number(row.version) }))
  }

  clear(): void {
    this.#connection.begin()
    this.#connection.prepare("DELETE FROM claim").run()
    this.#notes = 0
  }
}
