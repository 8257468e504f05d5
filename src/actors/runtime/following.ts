import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Scope } from "effect/Scope"
import type { StorageError } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import { type CampaignRecord, recordOf } from "../campaign/record.ts"
import { eachPageOfDocuments } from "../pages.ts"
import type { Problems } from "../problems.ts"
import type { Store } from "../store.ts"

/** How often a store is looked at that other processes write too, milliseconds. */
const pollMs = 500

/** Every campaign that is stored. */
export const storedCampaigns = (store: Store["Service"]): Effect.Effect<ReadonlyArray<CampaignRecord>, StorageError> =>
  Effect.gen(function* () {
    const records: Array<CampaignRecord> = []
    yield* eachPageOfDocuments({ store }, "campaign", (page) =>
      Effect.sync(() => {
        records.push(...page.map(recordOf))
      }),
    )
    return records
  })

export interface Following {
  readonly store: Store["Service"]
  readonly problems: Problems["Service"]
  /** The campaigns of this process. */
  readonly actors: ReadonlyMap<string, CampaignActor>
  /** Brings a campaign to life that another process has stored. */
  readonly spawn: (record: CampaignRecord) => Effect.Effect<unknown>
}

/**
 * Keeps this process at what others do to a shared store, for as long as the scope lives: their campaigns come to life
 * here too, their pauses, cancels and edits are followed. At once where the storage gives hints, within half a second
 * where it does not.
 */
export const followOthers = ({ store, problems, actors, spawn }: Following): Effect.Effect<void, never, Scope> =>
  Effect.gen(function* () {
    if (store.storage.capabilities.processes === "one") return
    const hint = Latch.makeUnsafe(false)
    const stop = store.driver.wakeups?.(() => {
      hint.openUnsafe()
      for (const { pump } of actors.values()) pump.wake()
    })
    if (stop !== undefined) yield* Effect.addFinalizer(() => Effect.sync(stop))
    const look = Effect.gen(function* () {
      hint.closeUnsafe()
      for (const record of yield* storedCampaigns(store)) {
        const actor = actors.get(record.id)
        yield* actor === undefined ? spawn(record) : actor.refresh(record)
      }
    })
    const turn = look.pipe(
      Effect.catch((error) => Effect.sync(() => problems.report(`other processes: ${error.message}`))),
      Effect.andThen(Effect.raceFirst(hint.await, Effect.sleep(pollMs))),
    )
    yield* Effect.forkScoped(Effect.forever(turn))
  })
