import { addTotals, noTotals, type Totals } from "../../../sdk/storage/one-process/totals.ts"
import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"

/** The totals of one campaign. */
export interface CampaignTotals {
  readonly live: Readonly<Totals>
  readonly pruned: Readonly<Totals>
}

/** The campaigns that have executions: a short number for each, for the due index, and the counters. */
export class CampaignTable {
  readonly #connection: Connection
  readonly #refs = new Map<string, number>()

  constructor(connection: Connection) {
    this.#connection = connection
    connection.onRollback(() => this.#refs.clear())
  }

  #row(id: string): { readonly ref: number; readonly live: string; readonly pruned: string } | undefined {
    const row = this.#connection.prepare("SELECT ref, live, pruned, crc FROM campaign WHERE id = ?").get(id)
    if (row === undefined) return undefined
    const { ref, live, pruned, crc } = row
    if (
      typeof ref !== "number" ||
      typeof live !== "string" ||
      typeof pruned !== "string" ||
      checksum(ref, id, live, pruned) !== crc
    )
      throw corrupt(this.#connection.path, `The counters of campaign ${JSON.stringify(id)}`)
    return { ref, live, pruned }
  }

  /** The campaign's number, or `undefined` as long as it has no executions. */
  find(id: string): number | undefined {
    const ref = this.#refs.get(id) ?? this.#row(id)?.ref
    if (ref !== undefined) this.#refs.set(id, ref)
    return ref
  }

  /** The campaign's number. */
  refOf(id: string): number {
    const known = this.find(id)
    if (known !== undefined) return known
    const none = JSON.stringify(noTotals())
    this.#connection.begin()
    const last = this.#connection.prepare("SELECT max(ref) AS ref FROM campaign").get()?.ref
    const ref = Number(last ?? 0) + 1
    this.#connection
      .prepare("INSERT INTO campaign (ref, id, live, pruned, crc) VALUES (?, ?, ?, ?, ?)")
      .run(ref, id, none, none, checksum(ref, id, none, none))
    this.#refs.set(id, ref)
    return ref
  }

  ids(): ReadonlyArray<string> {
    return this.#connection
      .prepare("SELECT id FROM campaign")
      .all()
      .map((row) => String(row.id))
  }

  totals(id: string): CampaignTotals {
    const row = this.#row(id)
    if (row === undefined) return { live: noTotals(), pruned: noTotals() }
    return { live: JSON.parse(row.live) as Totals, pruned: JSON.parse(row.pruned) as Totals }
  }

  add(id: string, part: "live" | "pruned", delta: Readonly<Totals>): void {
    const ref = this.refOf(id)
    const before = this.totals(id)
    const after = { ...before, [part]: addTotals(before[part], delta) }
    const live = JSON.stringify(after.live)
    const pruned = JSON.stringify(after.pruned)
    this.#connection.begin()
    this.#connection
      .prepare("UPDATE campaign SET live = ?, pruned = ?, crc = ? WHERE id = ?")
      .run(live, pruned, checksum(ref, id, live, pruned), id)
  }
}
