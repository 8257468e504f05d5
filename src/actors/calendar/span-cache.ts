/** Enough for the present and what is planned from it; more zones have caches of their own. */
const kept = 16

interface Span<Value> {
  readonly from: number
  /** Not included. */
  readonly to: number
  readonly value: Value
}

/** Remembers answers that hold for a span of time: a calendar is asked the same for each of a million leads. */
export class SpanCache<Value> {
  readonly #spans = new Map<string, Array<Span<Value>>>()

  /** The answer for this instant under this key, computed when it is not known. */
  get(key: string, at: number, compute: () => Span<Value>): Value {
    let spans = this.#spans.get(key)
    if (spans === undefined) {
      spans = []
      this.#spans.set(key, spans)
    }
    const known = spans.find(({ from, to }) => from <= at && at < to)
    if (known !== undefined) return known.value
    const found = compute()
    spans.unshift(found)
    spans.length = Math.min(spans.length, kept)
    return found.value
  }
}
