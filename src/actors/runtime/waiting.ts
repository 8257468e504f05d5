import * as Effect from "effect/Effect"
import type { CampaignState } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

/** Answers when the campaign is in one of these states, or the runtime closes. */
export const waitForState = (
  { bus }: ProcessServices,
  actor: CampaignActor,
  states: ReadonlyArray<CampaignState>,
): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const subscription = yield* bus.subscribe
      while (!states.includes(actor.record().rest.state)) {
        const event = yield* subscription.next
        if (event === undefined) return
      }
    }),
  )
