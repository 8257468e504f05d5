import * as Effect from "effect/Effect"
import { addressKey, type Document, type Lead, type StorageError } from "../sdk/index.ts"
import type { Store } from "./store.ts"

/** The lead that a document of kind `lead` holds. */
export const leadIn = ({ value }: Document): Lead => value as unknown as Lead

/** The lead as it is stored. */
export const readLead = (
  { store }: { readonly store: Store["Service"] },
  id: string,
): Effect.Effect<Lead | undefined, StorageError> =>
  Effect.map(
    store.use((driver) => driver.documents("lead", [id])),
    ([document]) => (document === undefined ? undefined : leadIn(document)),
  )

/**
 * The id of the lead that is meant: an address may be written as people write it, where the id of a stored lead is that address
 * in lower case.
 */
export const leadIdOf = (
  { store }: { readonly store: Store["Service"] },
  named: string,
): Effect.Effect<string, StorageError> => {
  const key = addressKey(named)
  if (key === named || !named.includes("@")) return Effect.succeed(named)
  return Effect.map(
    store.use((driver) => driver.documents("lead", [named, key])),
    ([exact, asAddress]) => (exact === undefined && asAddress !== undefined ? key : named),
  )
}
