/** A timer of a simulated world. */
interface Timer {
  readonly at: number
  /** Timers of the same instant ring in the order in which they were set. */
  readonly order: number
  ring: (() => void) | undefined
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** The time of a simulated world, in whole milliseconds since its start: it stands still but for {@link Timeline.advance}. */
export class Timeline {
  // A binary heap: a timer that was taken back stays in it, silent, until its time comes.
  readonly #heap: Timer[] = []
  #now = 0
  #order = 0
  #silent = 0

  get now(): number {
    return this.#now
  }

  /** Timers that will ring. */
  get pending(): number {
    return this.#heap.length - this.#silent
  }

  /** Calls `ring` when that instant has come (now at the earliest); answers how to take it back. */
  set(at: number, ring: () => void): () => void {
    const timer: Timer = { at: Math.max(this.#now, Math.ceil(at)), order: this.#order++, ring }
    this.#push(timer)
    return () => {
      if (timer.ring === undefined) return
      timer.ring = undefined
      this.#silent += 1
      if (this.#silent > 1_000 && this.#silent * 2 > this.#heap.length) this.#sweep()
    }
  }

  /** Goes to the next instant at which something rings, and rings all of it; `false` when nothing ever will. */
  advance(): boolean {
    const next = this.#pop()
    if (next === undefined) return false
    this.#now = next.at
    this.#ring(next)
    // What is set for this same instant while it rings belongs to it as well.
    while (this.#heap[0]?.at === this.#now) {
      const timer = this.#pop()
      if (timer?.at === this.#now) this.#ring(timer)
      else if (timer !== undefined) this.#push(timer)
    }
    return true
  }

  #ring(timer: Timer): void {
    const { ring } = timer
    timer.ring = undefined
    ring?.()
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let index = heap.push(timer) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Timer
      if (!isBefore(timer, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = timer
  }

  /** The earliest that was not taken back. */
  #pop(): Timer | undefined {
    while (true) {
      const first = this.#heap[0]
      const last = this.#heap.pop()
      if (first === undefined || last === undefined) return undefined
      if (first !== last) this.#sink(last)
      if (first.ring !== undefined) return first
      this.#silent -= 1
    }
  }

  #sink(timer: Timer): void {
    const heap = this.#heap
    let index = 0
    while (true) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1
      const below = heap[child] as Timer
      if (!isBefore(below, timer)) break
      heap[index] = below
      index = child
    }
    heap[index] = timer
  }

  #sweep(): void {
    const kept = this.#heap.filter((timer) => timer.ring !== undefined)
    this.#heap.length = 0
    this.#silent = 0
    for (const timer of kept) this.#push(timer)
  }
}
