import * as Effect from "effect/Effect"
import { type Condition, isTrue, type Lead, type StorageError, type Trigger } from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import { nameEntries } from "../campaign/entries.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { type LeadEvent, lastEventFor, readEvents } from "./lead-events.ts"

/** What triggers need of the runtime. */
export interface TriggeringRuntime {
  readonly services: Pick<ProcessServices, "store" | "clock" | "problems">
  readonly campaigns: Effect.Effect<ReadonlyArray<CampaignActor>>
}

/** A campaign whose triggers fire. */
export interface Firing {
  readonly actor: CampaignActor
  /** What each of its triggers that match asks of the lead; `undefined` for nothing. */
  readonly asks: ReadonlyArray<Condition | undefined>
}

/** Which entry of a lead each campaign's trigger stands for, by campaign. */
export type Entries = { readonly [campaign: string]: string }

/**
 * The campaigns that have triggers that match. Closing one is about leads that are given to it: its triggers fire until it is
 * cancelled.
 */
export const firingTriggers = (
  runtime: TriggeringRuntime,
  matches: (trigger: Trigger, campaignId: string) => boolean,
): Effect.Effect<ReadonlyArray<Firing>, CampaignError> =>
  Effect.gen(function* () {
    const firing: Firing[] = []
    for (const actor of yield* runtime.campaigns) {
      const { state } = actor.record().rest
      if (state === "cancelled" || state === "draft") continue
      const { definition } = yield* actor.loaded
      const matching = definition.triggers?.filter((one) => matches(one, actor.id)) ?? []
      if (matching.length > 0) firing.push({ actor, asks: matching.map(({ when }) => when) })
    }
    return firing
  })

/** Names the entry that each campaign would give the lead now, as its re-entry allows. */
export const entriesFor = (
  { services }: TriggeringRuntime,
  firing: ReadonlyArray<Firing>,
  lead: Lead,
): Effect.Effect<Entries, CampaignError> =>
  Effect.gen(function* () {
    const now = services.clock.currentTimeMillisUnsafe()
    const entries: Record<string, string> = {}
    for (const { actor } of firing) {
      const { definition } = yield* actor.loaded
      const names = yield* nameEntries(services.store, definition, [{ lead }], {
        now,
        timeScale: actor.record().clock.scale,
      })
      for (const entry of names.values()) entries[actor.id] = entry
    }
    return entries
  })

/**
 * Enrolls a lead where triggers fired, under entries that were chosen before: again, it does nothing. A campaign that takes
 * no leads any more holds up no other: it is reported. Answers how many took the lead in.
 */
export const enrollTriggered = (
  { services }: TriggeringRuntime,
  firing: ReadonlyArray<Firing>,
  lead: Lead,
  entries: Entries,
  occasion: LeadEvent,
): Effect.Effect<number, StorageError> =>
  Effect.gen(function* () {
    const now = services.clock.currentTimeMillisUnsafe()
    let enrolled = 0
    for (const { actor, asks } of firing) {
      const events = yield* readEvents(services.store, lead.id)
      // Nothing was before this enrollment; the trigger may ask for what happened ever.
      const facts = {
        lead,
        now,
        timeScale: actor.record().clock.scale,
        enrolledAt: Number.NEGATIVE_INFINITY,
        lastEvent: lastEventFor(events, actor.id),
      }
      const entry = entries[actor.id]
      if (entry === undefined || !asks.some((when) => when === undefined || isTrue(when, facts))) continue
      const results = yield* Effect.result(actor.enroll([{ lead, entry, occasion }], "trigger"))
      if (results._tag === "Success") enrolled += results.success.filter((result) => result === "created").length
      else if (results.failure._tag === "StorageError") return yield* Effect.fail(results.failure)
      else services.problems.report(`a trigger of campaign ${actor.id}: ${results.failure.message}`)
    }
    return enrolled
  })
