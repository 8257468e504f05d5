import * as Effect from "effect/Effect"
import { idOf, type Reentry, type StorageError } from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** Whose entry is looked for. */
export interface Entrant {
  readonly lead: { readonly id: string }
  /** What the entry is for: a lead that was let in under this name once is not let in under it again, whatever re-entry says. */
  readonly key?: string | undefined
  /** `false`: who was in before does not come again, whatever re-entry says. */
  readonly again?: boolean | undefined
}

/** What tells re-entries apart, as far as nobody says otherwise. */
export const firstEntry = "1"

/** Id of the enrollment that every lead of a campaign has, however often it came again. */
export const firstEnrollment = (campaignId: string, leadId: string): string =>
  idOf("enrollment", campaignId, leadId, firstEntry)

/** Entries are counted; what one is for stands behind its number. */
export const entryWithKey = (entry: string, key: string | undefined): string =>
  key === undefined ? entry : `${entry}/${key}`

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
    let open = requests.filter(({ again }) => again !== false)
    for (let ordinal = 1; open.length > 0; ordinal += 1) {
      const entry = String(ordinal)
      const known = yield* store.use((driver) =>
        driver.enrollments(open.map(({ lead }) => idOf("enrollment", id, lead.id, entry))),
      )
      const further: Request[] = []
      for (const [index, request] of open.entries()) {
        entries.set(request, entry)
        const enrollment = known[index]
        if (enrollment === undefined || enrollment.status === "active") continue
        if (request.key !== undefined && enrollment.entry === entryWithKey(entry, request.key)) continue
        if (now - enrollment.createdAt >= reentry.afterMs / timeScale) further.push(request)
      }
      open = further
    }
    return entries
  })
