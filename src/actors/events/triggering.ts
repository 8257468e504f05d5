import * as Effect from "effect/Effect"
import { type Condition, isTrue, type Lead, type StorageError, type Trigger } from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { lastEventFor, readEvents } from "./lead-events.ts"

/** What triggers need of the runtime. */
export interface TriggeringRuntime {
  readonly services: Pick<ProcessServices, "store" | "clock" | "problems">
  readonly campaigns: Effect.Effect<ReadonlyArray<CampaignActor>>
}

/** A trigger that fires, and the campaign that it enrolls into. */
export interface Firing {
  readonly actor: CampaignActor
  readonly when: Condition | undefined
}

/** The triggers of running campaigns that match, at most one for each campaign. */
export const firingTriggers = (
  runtime: TriggeringRuntime,
  matches: (trigger: Trigger, campaignId: string) => boolean,
): Effect.Effect<ReadonlyArray<Firing>, CampaignError> =>
  Effect.gen(function* () {
    const firing: Firing[] = []
    for (const actor of yield* runtime.campaigns) {
      const { state, context } = actor.record().rest
      if (state === "cancelled" || state === "draft" || context.closed) continue
      const { definition } = yield* actor.loaded
      const trigger = definition.triggers?.find((one) => matches(one, actor.id))
      if (trigger !== undefined) firing.push({ actor, when: trigger.when })
    }
    return firing
  })

/**
 * Enrolls a lead where triggers fired, as the campaigns' re-entry allows. A campaign that takes no leads any more holds up
 * no other: it is reported. Answers how many took the lead in.
 */
export const enrollTriggered = (
  { services }: TriggeringRuntime,
  firing: ReadonlyArray<Firing>,
  lead: Lead,
): Effect.Effect<number, StorageError> =>
  Effect.gen(function* () {
    const now = services.clock.currentTimeMillisUnsafe()
    let enrolled = 0
    for (const { actor, when } of firing) {
      const events = yield* readEvents(services.store, lead.id)
      // Nothing was before this enrollment; the trigger may ask for what happened ever.
      const facts = { lead, now, enrolledAt: Number.NEGATIVE_INFINITY, lastEvent: lastEventFor(events, actor.id) }
      if (when !== undefined && !isTrue(when, facts)) continue
      const results = yield* Effect.result(actor.enroll([{ lead }]))
      if (results._tag === "Success") enrolled += results.success.filter((result) => result === "created").length
      else if (results.failure._tag === "StorageError") return yield* Effect.fail(results.failure)
      else services.problems.report(`a trigger of campaign ${actor.id}: ${results.failure.message}`)
    }
    return enrolled
  })
