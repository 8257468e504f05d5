const chunkSize = 512

/**
 * Keys in order. Chunks of a sorted array: insert and remove cost a binary search and a move inside one chunk, which
 * at a million keys is still a few microseconds, and walking is plain array reading.
 */
export class SortedIndex<Key> {
  readonly #compare: (left: Key, right: Key) => number
  readonly #chunks: Array<Array<Key>> = []

  constructor(compare: (left: Key, right: Key) => number) {
    this.#compare = compare
  }

  /** Index of the chunk that the key belongs to: the last one that does not begin after it. */
  #chunkOf(key: Key): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const first = this.#chunks[middle]?.[0]
      if (first !== undefined && this.#compare(first, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Index of the first key in the chunk that is not before `key`. */
  #placeIn(chunk: ReadonlyArray<Key>, key: Key): number {
    let low = 0
    let high = chunk.length
    while (low < high) {
      const middle = (low + high) >> 1
      const at = chunk[middle]
      if (at !== undefined && this.#compare(at, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Does nothing for a key that is there. */
  insert(key: Key): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) {
      this.#chunks.push([key])
      return
    }
    const place = this.#placeIn(chunk, key)
    const at = chunk[place]
    if (at !== undefined && this.#compare(at, key) === 0) return
    chunk.splice(place, 0, key)
    if (chunk.length > chunkSize) {
      // Keys that come in order fill chunks to the end; others split them in the middle.
      const cut = place === chunk.length - 1 && index === this.#chunks.length - 1 ? chunkSize : chunkSize / 2
      this.#chunks.splice(index + 1, 0, chunk.splice(cut))
    }
  }

  remove(key: Key): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) return
    const place = this.#placeIn(chunk, key)
    const at = chunk[place]
    if (at === undefined || this.#compare(at, key) !== 0) return
    if (chunk.length === 1) this.#chunks.splice(index, 1)
    else chunk.splice(place, 1)
  }

  /** Keys that are not before `key`, ascending; all without one. */
  *from(key?: Key): Generator<Key, void, undefined> {
    let index = key === undefined ? 0 : this.#chunkOf(key)
    let place = key === undefined ? 0 : this.#placeIn(this.#chunks[index] ?? [], key)
    for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
      for (; place < chunk.length; place++) {
        const at = chunk[place]
        if (at !== undefined) yield at
      }
      place = 0
    }
  }
}

/** For {@link SortedIndex}: the order of JavaScript's `<`. */
export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
