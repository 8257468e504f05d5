import type { StorageCapabilities } from "../capabilities.ts"
import type { MaybePromise, StorageDriver } from "../driver.ts"
import type { OpenOptions, Storage } from "../storage.ts"
import { oneProcessDriver } from "./driver.ts"
import type { RecordChange } from "./journal.ts"
import { MemoryRecords } from "./memory-records.ts"
import { recordFormat, restoreRecords } from "./record-schema.ts"

/**
 * What the author of a small storage writes: a place for JSON objects by key.
 */
export interface RecordStore {
  /** Each key once with its latest value, removed ones left out, in any order; called once, before the first `write`. */
  readonly load: () => MaybePromise<Iterable<readonly [key: string, value: unknown]>>
  /**
   * Stores the batch as a whole or not at all (`null` removes the key) and returns, or resolves, when it is durable as
   * declared. Never called again before it has answered. A key that is there is replaced.
   *
   * A throw means that it is not known what was stored: the caller is told so, memory goes back to what was before,
   * and the next batch writes the same keys again. Throw a StorageError with `indeterminate: false` when you know that
   * nothing was stored, for example because the disk is full.
   */
  readonly write: (changes: ReadonlyArray<RecordChange>) => MaybePromise<void>
  /** Called once, when nothing is being written any more. */
  readonly close?: () => MaybePromise<void>
}

/** How {@link documentStorage} is told about a store. */
export interface DocumentStorageOptions {
  readonly name: string
  /** What `write` guarantees when it has returned. */
  readonly durability: StorageCapabilities["durability"]
  /** Whether `load`, `write` and `close` all answer without a Promise. Default false. */
  readonly sync?: boolean
  /** Enrolling beyond is refused. Default: no limit but memory: everything is held there. */
  readonly maxExecutions?: number
  /**
   * Called for each opening. With `mode: "own"` it should make sure that no other process owns the same place, and
   * throw {@link StorageOwned} otherwise.
   */
  readonly open: (options: OpenOptions) => MaybePromise<RecordStore>
}

const chain = <A, B>(value: MaybePromise<A>, then: (value: A) => MaybePromise<B>): MaybePromise<B> =>
  value instanceof Promise ? value.then(then) : then(value)

const openRecords = (
  definition: DocumentStorageOptions,
  store: RecordStore,
  { mode }: OpenOptions,
): MaybePromise<StorageDriver> =>
  chain(store.load(), (entries) => {
    const restored = restoreRecords(definition.name, entries)
    const records = new MemoryRecords({
      storage: definition.name,
      persist: (changes) => store.write(changes),
      onClose: () => store.close?.(),
    })
    records.restore(restored)
    const format: RecordChange = ["meta/format", { format: recordFormat }]
    return chain(mode === "own" && restored.format === undefined ? store.write([format]) : undefined, () =>
      oneProcessDriver({
        storage: definition.name,
        records,
        mode,
        control: false,
        claimNotes: definition.durability !== "memory",
        maxExecutions: definition.maxExecutions,
      }),
    )
  })

/**
 * A whole storage plugin made of a place for JSON objects: the row protocol, leases, counters, due order and history
 * are done here, in memory; every change is handed to `write` before it is acknowledged.
 *
 * For one process and as many executions as memory holds. An observer sees the store as it was when it was opened.
 *
 * @example
 * ```ts
 * const folder = (path: string) =>
 *   documentStorage({
 *     name: "lines",
 *     durability: "os",
 *     sync: true,
 *     open: () => ({
 *       load: () => [...new Map(linesOf(path).flatMap((line) => JSON.parse(line)))].filter(([, value]) => value !== null),
 *       write: (changes) => appendFileSync(path, `${JSON.stringify(changes)}\n`),
 *     }),
 *   })
 * ```
 */
export const documentStorage = (definition: DocumentStorageOptions): Storage => ({
  name: definition.name,
  capabilities: {
    processes: "one",
    durability: definition.durability,
    sync: definition.sync ?? false,
    control: false,
    notify: false,
    ...(definition.maxExecutions === undefined ? {} : { maxExecutions: definition.maxExecutions }),
  },
  open: (options) =>
    chain(definition.open(options), (store) => {
      const abandon = (error: unknown): never | Promise<never> => {
        const closed = store.close?.()
        if (closed instanceof Promise) return closed.then(() => Promise.reject(error))
        throw error
      }
      try {
        const opened = openRecords(definition, store, options)
        return opened instanceof Promise ? opened.catch(abandon) : opened
      } catch (error) {
        return abandon(error)
      }
    }),
})
