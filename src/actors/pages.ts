import * as Effect from "effect/Effect"
import type { Document, DocumentKind, ExecutionRow, ListQuery, StorageError } from "../sdk/index.ts"
import type { Store } from "./store.ts"

interface Stores {
  readonly store: Store["Service"]
}

/** Unless the caller has a reason for another. */
const defaultSize = 500

const eachPage = <Item, E>(
  read: (after: { readonly after?: string }) => Effect.Effect<ReadonlyArray<Item>, StorageError>,
  keyOf: (item: Item) => string,
  size: number,
  work: (page: ReadonlyArray<Item>) => Effect.Effect<void, E>,
): Effect.Effect<void, E | StorageError> =>
  Effect.gen(function* () {
    let last: Item | undefined
    while (true) {
      const page = yield* read(last === undefined ? {} : { after: keyOf(last) })
      yield* work(page)
      if (page.length < size) return
      last = page.at(-1)
    }
  })

/** Executions by id, a page at a time: memory does not grow with their number. The last page may be empty. */
export const eachPageOfRows = <E>(
  { store }: Stores,
  query: Omit<ListQuery, "after" | "limit">,
  work: (rows: ReadonlyArray<ExecutionRow>) => Effect.Effect<void, E>,
  size = defaultSize,
): Effect.Effect<void, E | StorageError> =>
  eachPage(
    (after) => store.use((driver) => driver.list({ ...query, ...after, limit: size })),
    ({ id }) => id,
    size,
    work,
  )

/** Documents of a kind by key, a page at a time. The last page may be empty. */
export const eachPageOfDocuments = <E>(
  { store }: Stores,
  kind: DocumentKind,
  work: (documents: ReadonlyArray<Document>) => Effect.Effect<void, E>,
  size = defaultSize,
): Effect.Effect<void, E | StorageError> =>
  eachPage(
    (after) => store.use((driver) => driver.listDocuments(kind, { ...after, limit: size })),
    ({ key }) => key,
    size,
    work,
  )
