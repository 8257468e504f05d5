import * as Effect from "effect/Effect"
import type { Document, Json, StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

/** A small JSON object that an integration keeps beside the campaigns. */
export type Setting = { readonly [key: string]: Json }

/** One write: `null` removes. */
export interface SettingWrite {
  readonly key: string
  readonly value: Setting | null
}

type Stores = Pick<ProcessServices, "store">

const pageSize = 1_000

/** The setting, or `undefined`. */
export const readSetting = ({ store }: Stores, key: string): Effect.Effect<Setting | undefined, StorageError> =>
  Effect.map(
    store.use((driver) => driver.documents("setting", [key])),
    ([document]) => document?.value,
  )

/** Writes settings, each whatever was there; durable on return. */
export const writeSettings = (
  { store }: Stores,
  writes: ReadonlyArray<SettingWrite>,
): Effect.Effect<void, StorageError> =>
  writes.length === 0
    ? Effect.void
    : Effect.asVoid(
        store.use((driver) =>
          driver.writeDocuments(writes.map(({ key, value }) => ({ kind: "setting" as const, key, value }))),
        ),
      )

/** All settings whose key begins so, by key. */
export const listSettings = (
  { store }: Stores,
  prefix: string,
): Effect.Effect<ReadonlyArray<{ readonly key: string; readonly value: Setting }>, StorageError> =>
  Effect.gen(function* () {
    const found: Array<{ readonly key: string; readonly value: Setting }> = []
    let after = prefix
    while (true) {
      const page: ReadonlyArray<Document> = yield* store.use((driver) =>
        driver.listDocuments("setting", { after, limit: pageSize }),
      )
      for (const { key, value } of page) if (key.startsWith(prefix)) found.push({ key, value })
      const last = page.at(-1)?.key
      if (last === undefined || page.length < pageSize || !last.startsWith(prefix)) return found
      after = last
    }
  })
