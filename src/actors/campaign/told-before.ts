import * as Effect from "effect/Effect"
import type { StorageError } from "../../sdk/index.ts"
import { eventKeyOf, type LeadEvent, type LeadEvents, lastEventFor, noEvents } from "../events/lead-events.ts"
import type { Store } from "../store.ts"
import type { LoadedDefinition } from "./definition.ts"
import { firstEntry } from "./entries.ts"
import type { Unheard } from "./planner.ts"

/** Who is enrolled, and by what. */
interface Entrant {
  readonly lead: { readonly id: string }
  readonly entry: string
  readonly occasion?: LeadEvent
}

type Times = ReadonlyArray<readonly [event: string, at: number]>

// One may have ended the enrollment before in this very millisecond, or by a clock that is ahead.
const readEnds = (
  store: Store["Service"],
  { definition: { id, exit = [], goal } }: LoadedDefinition,
  again: ReadonlyArray<Entrant>,
  now: number,
): Effect.Effect<ReadonlyMap<string, Times>, StorageError> =>
  Effect.gen(function* () {
    const asked = goal === undefined ? exit : [...exit, goal]
    if (again.length === 0 || asked.length === 0) return new Map()
    const ids = again.map(({ lead }) => lead.id)
    const documents = yield* store.use((driver) => driver.documents("events", ids))
    const recent = (known: LeadEvents): Times =>
      asked.flatMap((event) => {
        const at = lastEventFor(known, id)(event)
        return at === undefined || at < now ? [] : [[event, at] as const]
      })
    return new Map(
      ids.map((lead, index) => [lead, recent((documents[index]?.value as unknown as LeadEvents) ?? noEvents)]),
    )
  })

/**
 * Answers what an enrollment that begins at `now` does not hear, though its time does not lie before: the event that lets
 * the lead in, and where the lead comes again, the exits and goals that were told by then. `undefined` for nothing.
 */
export const readUnheard = (
  store: Store["Service"],
  loaded: LoadedDefinition,
  entrants: ReadonlyArray<Entrant>,
  now: number,
): Effect.Effect<(entrant: Entrant) => Unheard | undefined, StorageError> =>
  Effect.gen(function* () {
    if (loaded.events.size === 0) return () => undefined
    const again = entrants.filter(({ entry }) => entry !== firstEntry)
    const ends = yield* readEnds(store, loaded, again, now)
    return ({ lead, occasion }: Entrant) => {
      const isRecent = occasion !== undefined && occasion.at >= now
      const told = [...(isRecent ? [[occasion.event, occasion.at] as const] : []), ...(ends.get(lead.id) ?? [])]
      if (told.length === 0) return undefined
      return { ...(isRecent ? { occasion: eventKeyOf(occasion) } : {}), toldBefore: Object.fromEntries(told) }
    }
  })
