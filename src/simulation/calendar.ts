/** Mails that the other side took in one span of time. */
export interface CalendarSpan {
  /** Epoch ms of its beginning, a whole multiple of the span. */
  readonly at: number
  readonly sends: number
}

/** Counts sends by spans of time: its size depends on how long a campaign runs, not on how many it mails. */
export class Calendar {
  readonly #spanMs: number
  readonly #spans = new Map<number, number>()

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  add(at: number): void {
    const begin = Math.floor(at / this.#spanMs) * this.#spanMs
    this.#spans.set(begin, (this.#spans.get(begin) ?? 0) + 1)
  }

  /** In order; spans without a send are left out. */
  spans(): ReadonlyArray<CalendarSpan> {
    return [...this.#spans].sort(([left], [right]) => left - right).map(([at, sends]) => ({ at, sends }))
  }
}
