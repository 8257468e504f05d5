import type { ExecutionRow, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { chain, inOrder } from "./maybe-promise.ts"
import type { Projection } from "./projection.ts"
import { type ExecutionRecord, recordKey, recordOf, recordPrefix, recordSetting } from "./record.ts"
import { cancellerIn, identityOf, nativeIdOf, shownExecution } from "./shown-execution.ts"
import type { CampaignExecution } from "./types.ts"

const pageSize = 1_000

/** Keeps the projection at what the store says: loaded once, then from the change log. */
export class Ledger {
  readonly #projection: Projection
  readonly #records = new Map<string, ExecutionRecord>()
  /** Which mail stands behind an id now, where it is not the first. */
  readonly #generations = new Map<string, number>()
  #since = 0

  constructor(projection: Projection) {
    this.#projection = projection
  }

  /** Reads everything. */
  load(access: Access): MaybePromise<void> {
    this.#projection.clear()
    this.#records.clear()
    this.#generations.clear()
    return chain(access.settings(recordPrefix), (settings) => {
      for (const { key, value } of settings) this.#show(key.slice(recordPrefix.length), recordOf(value))
      return chain(access.endOfChanges(), (end) => {
        this.#since = end
        return this.#loadPages(access, undefined)
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

  /** Takes in what has become durable since. */
  catchUp(access: Access): MaybePromise<void> {
    return chain(access.changes(this.#since, pageSize), ({ entries, next }) => {
      if (entries.length === 0) return
      const cancellers = new Map<string, ReturnType<typeof cancellerIn>>()
      for (const { executionId, events } of entries)
        cancellers.set(executionId, cancellerIn(events) ?? cancellers.get(executionId))
      return chain(access.find([...cancellers.keys()]), (rows) =>
        chain(
          inOrder(rows, (row) => (row === undefined ? undefined : this.#note(access, row, cancellers.get(row.id)))),
          () => {
            this.#since = Math.max(this.#since, next)
            return entries.length < pageSize ? undefined : this.catchUp(access)
          },
        ),
      )
    })
  }

  #note(access: Access, row: ExecutionRow, by?: ReturnType<typeof cancellerIn>): MaybePromise<void> {
    const { id, generation } = identityOf(row.id)
    if (generation < (this.#generations.get(id) ?? 0)) return
    if (generation > 0) this.#generations.set(id, generation)
    if (this.#records.has(id)) return
    return chain(shownExecution(access, row, by), (shown) => this.#projection.put(id, shown))
  }

  #show(id: string, record: ExecutionRecord): void {
    this.#records.set(id, record)
    this.#projection.put(id, record.execution)
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
    return chain(access.putSettings(writes), () => {
      for (const [id, execution] of entries) this.#show(id, { execution })
    })
  }

  /** Shows what the mail became again. */
  unrecord(access: Access, id: string): MaybePromise<void> {
    if (!this.#records.has(id)) return
    return chain(access.putSettings([{ key: recordKey(id), value: null }]), () => {
      this.#records.delete(id)
      this.#projection.put(id, undefined)
      return chain(access.find([this.nativeId(id)]), ([row]) =>
        row === undefined ? undefined : this.#note(access, row),
      )
    })
  }
}
