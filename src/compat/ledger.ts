import type { ExecutionEvent, ExecutionRow, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { type Carried, carriedKey, carriedOf, carriedPrefix, withCarried } from "./carried.ts"
import { chain, inOrder } from "./maybe-promise.ts"
import { type Counted, copyOf, type Projection } from "./projection.ts"
import { type ExecutionRecord, recordKey, recordOf, recordPrefix, recordSetting } from "./record.ts"
import { cancellerIn, identityOf, nativeIdOf, shownExecution } from "./shown-execution.ts"
import type { CampaignExecution } from "./types.ts"

const pageSize = 1_000

// One that is counted and not held had ended. Of those only a failed one can become anything else, by a redrive.
const countedBefore = (
  { campaignId }: ExecutionRow,
  shown: CampaignExecution | undefined,
  events: ReadonlyArray<ExecutionEvent>,
): Counted | undefined => {
  if (events.length === 0 || events.some(({ type }) => type === "SCHEDULED")) return undefined
  return events.some(({ type }) => type === "REDRIVE") ? { campaignId, status: "failed" } : shown
}

/** Keeps the projection at what the store says: loaded once, then from the change log. */
export class Ledger {
  readonly #projection: Projection
  readonly #records = new Map<string, ExecutionRecord>()
  /** Which mail stands behind an id now, where it is not the first. */
  readonly #generations = new Map<string, number>()
  readonly #carried = new Map<string, Carried>()
  #since = 0

  constructor(projection: Projection) {
    this.#projection = projection
  }

  /** Reads everything. */
  load(access: Access): MaybePromise<void> {
    this.#projection.clear()
    this.#records.clear()
    this.#generations.clear()
    this.#carried.clear()
    return chain(access.settings(recordPrefix), (records) => {
      for (const { key, value } of records) this.#show(key.slice(recordPrefix.length), recordOf(value))
      return chain(access.settings(carriedPrefix), (carried) => {
        for (const { key, value } of carried) this.#carried.set(key.slice(carriedPrefix.length), carriedOf(value))
        return chain(access.endOfChanges(), (end) => {
          this.#since = end
          return this.#loadPages(access, undefined)
        })
      })
    })
  }

  #loadPages(access: Access, after: string | undefined): MaybePromise<void> {
    return chain(access.page({}, { after, limit: pageSize }), (rows) =>
      chain(
        inOrder(rows, (row) => this.#note(access, row)),
        () => (rows.length < pageSize ? undefined : this.#loadPages(access, rows.at(-1)?.id)),
      ),
    )
  }

  /** The ids of all that are shown, from the storage: also those that memory no longer holds. */
  ids(access: Access): MaybePromise<ReadonlyArray<string>> {
    const found = new Set(this.recorded().map(({ id }) => id))
    const gather = (after?: string): MaybePromise<void> =>
      chain(access.page({}, { after, limit: pageSize }), (rows) => {
        for (const row of rows) found.add(identityOf(row.id).id)
        return rows.length < pageSize ? undefined : gather(rows.at(-1)?.id)
      })
    return chain(gather(), () =>
      [...found].filter((id) => this.#records.get(id)?.execution !== undefined || !this.#records.has(id)),
    )
  }

  /** Takes in what has become durable since. */
  catchUp(access: Access): MaybePromise<void> {
    return chain(access.changes(this.#since, pageSize), ({ entries, next }) => {
      if (entries.length === 0) return
      const changes = new Map<string, ReadonlyArray<ExecutionEvent>>()
      for (const { executionId, events } of entries)
        changes.set(executionId, [...(changes.get(executionId) ?? []), ...events])
      return chain(access.find([...changes.keys()]), (rows) =>
        chain(
          inOrder(rows, (row) => (row === undefined ? undefined : this.#note(access, row, changes.get(row.id)))),
          () => {
            this.#since = Math.max(this.#since, next)
            return entries.length < pageSize ? undefined : this.catchUp(access)
          },
        ),
      )
    })
  }

  /** `events` say what happened since it was noted last, where it was. */
  #note(access: Access, row: ExecutionRow, events: ReadonlyArray<ExecutionEvent> = []): MaybePromise<void> {
    const { id, generation } = identityOf(row.id)
    const before = this.#generations.get(id) ?? 0
    if (generation < before) return
    if (generation > 0) this.#generations.set(id, generation)
    if (this.#records.has(id)) return
    return chain(this.show(access, row, events), (shown) => {
      if (!this.#projection.isBounded || this.#projection.has(id)) return this.#projection.put(id, shown)
      return generation > before
        ? chain(this.#shownOf(access, nativeIdOf(id, before)), (mail) => this.#projection.put(id, shown, mail))
        : this.#projection.put(id, shown, countedBefore(row, shown, events))
    })
  }

  #shownOf(access: Access, nativeId: string): MaybePromise<CampaignExecution | undefined> {
    return chain(access.find([nativeId]), ([row]) => (row === undefined ? undefined : this.show(access, row)))
  }

  /** A row as it is listed, with what is carried for it; `undefined` when it is not. */
  show(
    access: Access,
    row: ExecutionRow,
    events: ReadonlyArray<ExecutionEvent> = [],
  ): MaybePromise<CampaignExecution | undefined> {
    return chain(shownExecution(access, row, cancellerIn(events)), (shown) =>
      shown === undefined ? undefined : withCarried(shown, this.#carried.get(shown.id)),
    )
  }

  /** Tries that the host counts beside those of the row. */
  carriedAttempts(id: string): number {
    return this.#carried.get(id)?.attempts ?? 0
  }

  /** Shows this with the row from now on; `undefined` for the row alone. Durable on return. */
  carry(access: Access, id: string, carried: Carried | undefined): MaybePromise<void> {
    if (carried === undefined && !this.#carried.has(id)) return
    const value = carried === undefined ? null : { ...carried }
    return chain(access.putSettings([{ key: carriedKey(id), value }]), () => {
      if (carried === undefined) this.#carried.delete(id)
      else this.#carried.set(id, carried)
      if (!this.#projection.has(id)) return
      return chain(access.find([this.nativeId(id)]), ([row]) =>
        row === undefined ? undefined : this.#note(access, row),
      )
    })
  }

  /** What is shown under an id, also where memory no longer holds it. */
  find(access: Access, id: string): MaybePromise<CampaignExecution | undefined> {
    const held = this.#projection.get(id)
    if (held !== undefined) return held
    const record = this.#records.get(id)
    if (record === undefined) return this.#shownOf(access, this.nativeId(id))
    return record.execution === undefined ? undefined : copyOf(record.execution)
  }

  /** All that the host wrote itself and that are shown. */
  recorded(): ReadonlyArray<CampaignExecution> {
    return [...this.#records.values()].flatMap(({ execution }) => (execution === undefined ? [] : [copyOf(execution)]))
  }

  #show(id: string, record: ExecutionRecord, counted?: Counted): void {
    this.#records.set(id, record)
    this.#projection.put(id, record.execution, counted)
  }

  #countedOf(access: Access, id: string): MaybePromise<Counted | undefined> {
    return this.#projection.isBounded && !this.#projection.has(id) ? this.find(access, id) : undefined
  }

  /** Native id of the mail behind an id. */
  nativeId(id: string): string {
    return nativeIdOf(id, this.#generations.get(id) ?? 0)
  }

  /** Native id for another mail behind the same id. */
  nextNativeId(id: string): string {
    return nativeIdOf(id, (this.#generations.get(id) ?? 0) + 1)
  }

  isRecord(id: string): boolean {
    return this.#records.has(id)
  }

  /** Shows these in place of what the mails became; `undefined` hides. Durable on return. */
  record(access: Access, entries: ReadonlyArray<readonly [string, CampaignExecution | undefined]>): MaybePromise<void> {
    const writes = entries.map(([id, execution]) => ({ key: recordKey(id), value: recordSetting({ execution }) }))
    return chain(access.putSettings(writes), () =>
      inOrder(entries, ([id, execution]) =>
        chain(this.#countedOf(access, id), (counted) => this.#show(id, { execution }, counted)),
      ),
    )
  }

  /** Shows none of these any more, however many of them memory no longer holds. Durable on return. */
  hide(access: Access, ids: ReadonlyArray<string>): MaybePromise<void> {
    const value = recordSetting({ execution: undefined })
    return chain(access.putSettings(ids.map((id) => ({ key: recordKey(id), value }))), () => this.load(access))
  }

  /** Shows what the mail became again. */
  unrecord(access: Access, id: string): MaybePromise<void> {
    const record = this.#records.get(id)
    if (record === undefined) return
    return chain(access.putSettings([{ key: recordKey(id), value: null }]), () => {
      this.#records.delete(id)
      this.#projection.put(id, undefined, record.execution)
      return chain(access.find([this.nativeId(id)]), ([row]) =>
        row === undefined ? undefined : this.#note(access, row),
      )
    })
  }
}
