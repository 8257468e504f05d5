import * as Effect from "effect/Effect"
import { idOf, type Reentry, type StorageError } from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** Whose entry is looked for. */
interface Entrant {
  readonly lead: { readonly id: string }
}

/** What tells re-entries apart, as far as nobody says otherwise. */
const firstEntry = "1"

/**
 * Names each lead's entry: the first, or where the campaign lets leads come again and their latest enrollment has ended,
 * the one after it. An entry that is there already makes the lead a duplicate.
 */
export const nameEntries = <Request extends Entrant>(
  store: Store["Service"],
  { id, reentry }: { readonly id: string; readonly reentry?: Reentry },
  requests: ReadonlyArray<Request>,
  { now, timeScale }: { readonly now: number; readonly timeScale: number },
): Effect.Effect<ReadonlyMap<Request, string>, StorageError> =>
  Effect.gen(function* () {
    const entries = new Map(requests.map((request) => [request, firstEntry]))
    if (reentry === undefined) return entries
    let open = requests
    for (let ordinal = 1; open.length > 0; ordinal += 1) {
      const entry = String(ordinal)
      const known = yield* store.use((driver) =>
        driver.enrollments(open.map(({ lead }) => idOf("enrollment", id, lead.id, entry))),
      )
      const again: Request[] = []
      for (const [index, request] of open.entries()) {
        entries.set(request, entry)
        const enrollment = known[index]
        if (enrollment === undefined || enrollment.status === "active") continue
        if (now - enrollment.createdAt >= reentry.afterMs / timeScale) again.push(request)
      }
      open = again
    }
    return entries
  })
