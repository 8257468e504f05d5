import * as Effect from "effect/Effect"
import type { Document, Lead, StorageError } from "../sdk/index.ts"
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
