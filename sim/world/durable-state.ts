import type { Document, ExecutionEvent, ExecutionRow, HistoryEntry, RecordChange } from "../../src/sdk/index.ts"

/** A campaign's stored counters of executions that are there, by column. */
export type Counters = Readonly<Record<string, number>>

interface Kept {
  row: ExecutionRow | undefined
  /** Whose it was before that person was forgotten. */
  leadId: string | undefined
  readonly entries: Map<string, HistoryEntry>
}

/** What the storage holds for certain at this instant, taken from the records as they become durable. */
export class DurableState {
  readonly #executions = new Map<string, Kept>()
  readonly #documents = new Map<string, Document>()
  readonly #counters = new Map<string, Counters>()
  readonly #onChange: (id: string) => void
  readonly #onBatch: () => void
  readonly #keyToExecution = new Map<string, string>()

  /**
   * @param onChange Hears of each execution that has changed, when the whole batch is in.
   * @param onBatch Called when the whole batch is in.
   */
  constructor(onChange: (id: string) => void, onBatch: () => void) {
    this.#onChange = onChange
    this.#onBatch = onBatch
  }

  apply(batch: ReadonlyArray<RecordChange>): void {
    const changed = new Set<string>()
    for (const [key, value] of batch) {
      const slash = key.indexOf("/")
      const kind = key.slice(0, slash)
      if (kind === "execution") {
        const id = key.slice(slash + 1)
        const kept = this.#of(id)
        kept.row = value === null ? undefined : (value as { readonly row: ExecutionRow }).row
        kept.leadId ??= kept.row?.leadId
        changed.add(id)
      } else if (kind === "history") {
        for (const id of this.#applyHistory(key, value as HistoryEntry | null)) changed.add(id)
      } else if (kind === "document") {
        if (value === null) this.#documents.delete(key)
        else this.#documents.set(key, value as Document)
      } else if (kind === "counts") {
        const campaignId = key.slice(slash + 1)
        if (value === null) this.#counters.delete(campaignId)
        else this.#counters.set(campaignId, (value as { readonly live: Counters }).live)
      }
    }
    for (const id of changed) this.#onChange(id)
    this.#onBatch()
  }

  row(id: string): ExecutionRow | undefined {
    return this.#executions.get(id)?.row
  }

  /** Executions of this lead, also where it was forgotten since. */
  rowsOf(leadId: string): ReadonlyArray<ExecutionRow> {
    return [...this.#executions.values()].flatMap((kept) =>
      kept.row !== undefined && kept.leadId === leadId ? [kept.row] : [],
    )
  }

  /** The lead that it was planned for. */
  leadOf(id: string): string | undefined {
    return this.#executions.get(id)?.leadId
  }

  rows(): ReadonlyArray<ExecutionRow> {
    return [...this.#executions.values()].flatMap(({ row }) => (row === undefined ? [] : [row]))
  }

  /** Events of the execution, oldest first. */
  history(id: string): ReadonlyArray<ExecutionEvent> {
    const entries = [...(this.#executions.get(id)?.entries.values() ?? [])]
    return entries.sort((left, right) => left.seq - right.seq).flatMap(({ events }) => events)
  }

  /** The counters of each campaign, by its id. */
  counters(): ReadonlyMap<string, Counters> {
    return this.#counters
  }

  campaignState(id: string): unknown {
    return [...this.#documents.values()].find((document) => document.kind === "campaign" && document.key === id)?.value
      .state
  }

  // A sequence number that was taken back may come again for another execution.
  #applyHistory(key: string, entry: HistoryEntry | null): ReadonlyArray<string> {
    const before = this.#keyToExecution.get(key)
    if (before !== undefined) this.#of(before).entries.delete(key)
    if (entry === null) {
      this.#keyToExecution.delete(key)
      return before === undefined ? [] : [before]
    }
    this.#keyToExecution.set(key, entry.executionId)
    this.#of(entry.executionId).entries.set(key, entry)
    return before === undefined ? [entry.executionId] : [before, entry.executionId]
  }

  #of(id: string): Kept {
    const kept = this.#executions.get(id) ?? { row: undefined, leadId: undefined, entries: new Map() }
    this.#executions.set(id, kept)
    return kept
  }
}
