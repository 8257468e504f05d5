import * as Effect from "effect/Effect"
import type { StorageError } from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** The last position of the change log, in about 2 log n looks at it: reading it all would cost as much as all mails. */
export const endOfChanges = (store: Store["Service"]): Effect.Effect<number, StorageError> =>
  Effect.gen(function* () {
    const isEnd = (at: number) =>
      Effect.map(
        store.use((driver) => driver.changes(at, 1)),
        ({ entries }) => entries.length === 0,
      )
    if (yield* isEnd(0)) return 0
    let low = 0
    let high = 1
    while (!(yield* isEnd(high))) {
      low = high
      high *= 2
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (yield* isEnd(middle)) high = middle
      else low = middle
    }
    return high
  })
