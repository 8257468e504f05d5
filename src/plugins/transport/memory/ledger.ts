/** Keys that the ledger remembers at most; the oldest are forgotten first. */
const maxKeys = 1_000_000

/** Which idempotency keys were delivered, and when: the memory of a provider. */
export class Ledger {
  readonly #deliveredAt = new Map<string, number>()
  readonly #ttlMs: number

  /** Keys live `ttlMs` for `find` with a time; default: for ever. */
  constructor(ttlMs = Number.POSITIVE_INFINITY) {
    this.#ttlMs = ttlMs
  }

  /** The instant of the delivery; with `now`, undefined when it is longer ago than the time to live. */
  find(key: string, now?: number): number | undefined {
    const at = this.#deliveredAt.get(key)
    if (at === undefined || now === undefined || now - at <= this.#ttlMs) return at
    return undefined
  }

  /** Notes a delivery. */
  enter(key: string, now: number): void {
    this.#deliveredAt.delete(key)
    this.#deliveredAt.set(key, now)
    if (this.#deliveredAt.size <= maxKeys) return
    const [oldest] = this.#deliveredAt.keys()
    if (oldest !== undefined) this.#deliveredAt.delete(oldest)
  }

  clear(): void {
    this.#deliveredAt.clear()
  }
}
