import type { RecordChange } from "../../src/sdk/index.ts"
import type { Chance } from "../chance.ts"

/** The batch of a whole line; `undefined` for one that was torn: no part of a JSON array is JSON. */
const batchOf = (line: string): ReadonlyArray<RecordChange> | undefined => {
  try {
    return JSON.parse(line) as ReadonlyArray<RecordChange>
  } catch {
    // Cut off.
    return undefined
  }
}

/** One append-only file whose last lines may be in the cache of the operating system only. */
export class Disk {
  #lines: string[] = []
  #cached: Array<ReadonlyArray<RecordChange>> = []
  readonly #onDurable: (batch: ReadonlyArray<RecordChange>) => void

  /** @param onDurable Hears of each batch when it has come to the disk. */
  constructor(onDurable: (batch: ReadonlyArray<RecordChange>) => void) {
    this.#onDurable = onDurable
  }

  append(batch: ReadonlyArray<RecordChange>): void {
    this.#cached.push(batch)
  }

  sync(): void {
    for (const batch of this.#cached.splice(0)) this.#keep(batch)
  }

  /** The power fails: of what was not synced some came to the disk, the next line in part, the rest is gone. */
  crash(chance: Chance): void {
    const lost = this.#cached
    this.#cached = []
    const kept = chance.between(0, lost.length)
    for (const batch of lost.slice(0, kept)) this.#keep(batch)
    const torn = lost[kept]
    if (torn === undefined || chance.happens(0.5)) return
    const line = JSON.stringify(torn)
    this.#lines.push(line.slice(0, chance.between(1, line.length - 1)))
  }

  /** Each key once, with its latest value. */
  load(): Map<string, object> {
    const records = new Map<string, object>()
    if (batchOf(this.#lines.at(-1) ?? "[]") === undefined) this.#lines.pop()
    for (const line of this.#lines)
      for (const [key, value] of batchOf(line) ?? [])
        if (value === null) records.delete(key)
        else records.set(key, value)
    return records
  }

  #keep(batch: ReadonlyArray<RecordChange>): void {
    this.#lines.push(JSON.stringify(batch))
    this.#onDurable(batch)
  }
}
