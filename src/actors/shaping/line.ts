/** Who stands in line. */
export interface Standing {
  readonly campaignId: string
  /** Goes before everybody who has none. */
  readonly priority: boolean
}

type Queue<Entry> = Map<string, Entry>

/** Entries of each campaign in the order of their coming; campaigns in the order of their turns. */
class Lane<Entry extends Standing> {
  readonly #campaigns = new Map<string, Queue<Entry>>()

  add(key: string, entry: Entry): void {
    const queue = this.#campaigns.get(entry.campaignId) ?? new Map<string, Entry>()
    queue.set(key, entry)
    this.#campaigns.set(entry.campaignId, queue)
  }

  remove(key: string, { campaignId }: Standing): void {
    const queue = this.#campaigns.get(campaignId)
    queue?.delete(key)
    if (queue?.size === 0) this.#campaigns.delete(campaignId)
  }

  take(isReady: (entry: Entry) => boolean): readonly [string, Entry] | undefined {
    for (const [campaignId, queue] of this.#campaigns)
      for (const [key, entry] of queue) {
        if (!isReady(entry)) continue
        queue.delete(key)
        // Round robin: whose turn it was comes last.
        this.#campaigns.delete(campaignId)
        if (queue.size > 0) this.#campaigns.set(campaignId, queue)
        return [key, entry]
      }
    return undefined
  }
}

/**
 * Who waits for a start, in a fair order: priority first, then one of each campaign in turn, each campaign's in the order
 * of their coming. Who is not ready holds up nobody.
 */
export class Line<Entry extends Standing> {
  readonly #entries = new Map<string, Entry>()
  readonly #priority = new Lane<Entry>()
  readonly #bulk = new Lane<Entry>()

  #laneOf(entry: Standing): Lane<Entry> {
    return entry.priority ? this.#priority : this.#bulk
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  keys(): ReadonlyArray<string> {
    return [...this.#entries.keys()]
  }

  add(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    this.#laneOf(entry).add(key, entry)
  }

  /** Takes one out of turn; answers who it was. */
  remove(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#laneOf(entry).remove(key, entry)
    return entry
  }

  /** Takes out the first that is ready. */
  take(isReady: (entry: Entry) => boolean): Entry | undefined {
    const taken = this.#priority.take(isReady) ?? this.#bulk.take(isReady)
    if (taken === undefined) return undefined
    this.#entries.delete(taken[0])
    return taken[1]
  }
}
