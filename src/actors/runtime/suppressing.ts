import * as Effect from "effect/Effect"
import { type InvalidInput, parseAddress, type StorageError, suppressionKey } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

const keyOf = (email: string): Effect.Effect<string, InvalidInput> =>
  Effect.try({ try: () => suppressionKey(parseAddress(email)), catch: (error) => error as InvalidInput })

/** Never mail this address again: checked in the same atomic step that stores an intent. Only a hash of it is kept. */
export const suppress = (
  { store, clock }: ProcessServices,
  email: string,
  reason: string,
): Effect.Effect<void, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const key = yield* keyOf(email)
    const at = clock.currentTimeMillisUnsafe()
    yield* store.use((driver) => driver.writeDocuments([{ kind: "suppression", key, value: { at, reason } }]))
  })

/** Lifts a suppression; answers whether there was one. */
export const unsuppress = (
  { store }: ProcessServices,
  email: string,
): Effect.Effect<boolean, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const key = yield* keyOf(email)
    const [found] = yield* store.use((driver) => driver.documents("suppression", [key]))
    if (found !== undefined)
      yield* store.use((driver) => driver.writeDocuments([{ kind: "suppression", key, value: null }]))
    return found !== undefined
  })
