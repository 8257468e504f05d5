import type { BucketState } from "./bucket-state.ts"

/** One mail among those that wait for its buckets: what each of them counts on. */
export class PlaceInLine {
  /** Whichever way it goes. */
  readonly limiting: ReadonlyArray<BucketState>
  readonly #pace: BucketState | undefined
  readonly #priority: boolean
  readonly #onLeave: () => void
  #way: BucketState | undefined
  #stands = true

  constructor({
    priority,
    limiting,
    way,
    pace,
    onLeave,
  }: {
    readonly priority: boolean
    readonly limiting: ReadonlyArray<BucketState>
    /** Of the transport that it stands in line for; `undefined` where that has no limit. */
    readonly way: BucketState | undefined
    /** Of its domain, where that is slowed down: counts it as long as it stands here, and is asked anew at each start. */
    readonly pace: BucketState | undefined
    readonly onLeave: () => void
  }) {
    this.#priority = priority
    this.limiting = limiting
    this.#way = way
    this.#pace = pace
    this.#onLeave = onLeave
    for (const bucket of this.#counting) this.#count(bucket, 1)
  }

  /** Of the transport that it stands in line for. */
  get way(): BucketState | undefined {
    return this.#way
  }

  /** All that it takes from. */
  get buckets(): ReadonlyArray<BucketState> {
    return this.#way === undefined ? this.limiting : [...this.limiting, this.#way]
  }

  /** It stands in line for another transport. */
  goThrough(way: BucketState | undefined): void {
    if (this.#stands && this.#way !== undefined) this.#count(this.#way, -1)
    this.#way = way
    if (this.#stands && this.#way !== undefined) this.#count(this.#way, 1)
  }

  /** It waits no more; again it does nothing. */
  leave(): void {
    if (!this.#stands) return
    for (const bucket of this.#counting) this.#count(bucket, -1)
    this.#stands = false
    this.#onLeave()
  }

  get #counting(): ReadonlyArray<BucketState> {
    return this.#pace === undefined ? this.buckets : [...this.buckets, this.#pace]
  }

  #count(bucket: BucketState, by: 1 | -1): void {
    if (this.#priority) bucket.waitingFirst += by
    else bucket.waiting += by
  }
}
