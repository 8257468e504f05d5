import type { OnUndo, Stored } from "./records.ts"
import { restingBucket } from "./totals.ts"

interface Leased {
  scheduled: number
  retrying: number
}

/**
 * The leases of the one process that may claim. They live in memory only: the store's lock proves that nobody else
 * claims, so a claim costs no durable write, and after a crash all rows are due at once.
 */
export class Leases {
  readonly #held = new Map<string, Stored>()
  /** Leased rows without an intent, by campaign and by where they rest: they count as `rendering`. */
  readonly #leased = new Map<string, Leased>()

  get(id: string): Stored | undefined {
    return this.#held.get(id)
  }

  has(id: string): boolean {
    return this.#held.has(id)
  }

  values(): Iterable<Stored> {
    return this.#held.values()
  }

  /** Remembers, or with `undefined` forgets, the lease. */
  set(id: string, stored: Stored | undefined, onUndo: OnUndo): void {
    const before = this.#held.get(id)
    this.#replace(id, before, stored)
    onUndo(() => this.#replace(id, stored, before))
  }

  #replace(id: string, before: Stored | undefined, after: Stored | undefined): void {
    if (before !== undefined) this.#count(before, -1)
    if (after === undefined) this.#held.delete(id)
    else {
      this.#held.set(id, after)
      this.#count(after, 1)
    }
  }

  #count({ row }: Stored, amount: 1 | -1): void {
    const bucket = restingBucket(row)
    if (bucket !== "scheduled" && bucket !== "retrying") return
    const leased = this.#leased.get(row.campaignId) ?? { scheduled: 0, retrying: 0 }
    leased[bucket] += amount
    this.#leased.set(row.campaignId, leased)
  }

  /** How many of the campaign's rows show as `rendering`, by where they rest. */
  leased(campaignId: string): Readonly<Leased> {
    return this.#leased.get(campaignId) ?? { scheduled: 0, retrying: 0 }
  }

  /** Rows whose lease is over. */
  expired(now: number): Array<Stored> {
    const over: Array<Stored> = []
    for (const stored of this.#held.values()) if ((stored.row.leaseUntil ?? 0) <= now) over.push(stored)
    return over
  }

  clear(): void {
    this.#held.clear()
    this.#leased.clear()
  }
}
