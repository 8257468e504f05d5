import type { ExecutionEvent, HistoryEntry } from "../../domain/execution-event.ts"
import type { Changes } from "../driver.ts"
import type { Journal } from "./journal.ts"

/** Histories and the change log over all of them, in memory. */
export class MemoryHistory {
  readonly #journal: Journal
  readonly #byExecution = new Map<string, Array<HistoryEntry>>()
  /** Ascending by `seq`; pruned entries stay until they are half of it. */
  #log: Array<HistoryEntry> = []
  #pruned = new Set<number>()
  #nextSeq = 1

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  append(executionId: string, events: ReadonlyArray<ExecutionEvent>): void {
    const entry: HistoryEntry = { seq: this.#nextSeq++, executionId, events }
    this.#add(entry)
    this.#journal.undoable(() => {
      this.#log.pop()
      this.#nextSeq--
      const entries = this.#byExecution.get(executionId)
      entries?.pop()
      if (entries?.length === 0) this.#byExecution.delete(executionId)
    })
    this.#journal.changed("history", String(entry.seq), undefined, entry)
  }

  #add(entry: HistoryEntry): void {
    const entries = this.#byExecution.get(entry.executionId)
    if (entries === undefined) this.#byExecution.set(entry.executionId, [entry])
    else entries.push(entry)
    this.#log.push(entry)
  }

  remove(executionId: string): void {
    const entries = this.#byExecution.get(executionId)
    if (entries === undefined) return
    this.#byExecution.delete(executionId)
    for (const { seq } of entries) this.#pruned.add(seq)
    this.#journal.undoable(() => {
      this.#byExecution.set(executionId, entries)
      for (const { seq } of entries) this.#pruned.delete(seq)
    })
    for (const entry of entries) this.#journal.changed("history", String(entry.seq), entry, undefined)
  }

  of(executionId: string): ReadonlyArray<HistoryEntry> {
    return [...(this.#byExecution.get(executionId) ?? [])]
  }

  changes(since: number, limit: number): Changes {
    this.#compact()
    const entries: Array<HistoryEntry> = []
    for (let index = this.#placeAfter(since); index < this.#log.length && entries.length < limit; index++) {
      const entry = this.#log[index]
      if (entry !== undefined && !this.#pruned.has(entry.seq)) entries.push(entry)
    }
    return { entries, next: entries.at(-1)?.seq ?? since }
  }

  #placeAfter(seq: number): number {
    let low = 0
    let high = this.#log.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#log[middle]?.seq ?? 0) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }

  #compact(): void {
    // Not amid a write: an undo must find the log as it left it.
    if (this.#journal.mark > 0 || this.#pruned.size * 2 <= this.#log.length) return
    this.#log = this.#log.filter(({ seq }) => !this.#pruned.has(seq))
    this.#pruned = new Set()
  }

  restore(entries: Iterable<HistoryEntry>, nextSeq: number): void {
    for (const entry of [...entries].sort((left, right) => left.seq - right.seq)) this.#add(entry)
    this.#nextSeq = Math.max(nextSeq, (this.#log.at(-1)?.seq ?? 0) + 1)
  }
}
