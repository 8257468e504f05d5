import * as Effect from "effect/Effect"
import type { CampaignState, StorageCapabilities, TransportCapabilities } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import type { Problem, Problems } from "../problems.ts"
import type { PaceView } from "../shaping/paces.ts"
import type { BucketView } from "../shaping/shaper.ts"
import type { GateView } from "../transport-gate.ts"

/** How the runtime is. */
export interface Health {
  readonly state: "running" | "draining"
  readonly storage: { readonly name: string; readonly capabilities: StorageCapabilities }
  readonly transport: { readonly name: string; readonly capabilities: TransportCapabilities; readonly gate: GateView }
  /** Limits that keep mails waiting in this process. */
  readonly limits: ReadonlyArray<BucketView>
  /** Recipient domains that asked for less mail, and are sent less for now. */
  readonly slowed: ReadonlyArray<PaceView>
  readonly renderer: { readonly name: string; readonly version: string }
  readonly campaigns: ReadonlyArray<{
    readonly id: string
    readonly state: CampaignState
    /** Why it is degraded. */
    readonly cause: string | null
    /** Executions alive in this process. */
    readonly live: number
  }>
  /** The latest, oldest first. */
  readonly problems: ReadonlyArray<Problem>
}

export const healthOf = (
  services: ProcessServices,
  problems: Problems["Service"],
  actors: ReadonlyArray<CampaignActor>,
  draining: boolean,
): Effect.Effect<Health> =>
  Effect.map(Effect.all([services.gate.view, services.shaper.view]), ([gate, { limits, slowed }]) => ({
    state: draining ? "draining" : "running",
    storage: { name: services.store.storage.name, capabilities: services.store.storage.capabilities },
    transport: {
      name: services.sender.transport.name,
      capabilities: services.sender.transport.capabilities,
      gate,
    },
    limits,
    slowed,
    renderer: { name: services.templates.renderer.name, version: services.templates.renderer.version },
    campaigns: actors.map((actor) => {
      const { state, context } = actor.record().rest
      return { id: actor.id, state, cause: context.cause, live: actor.pump.live() }
    }),
    problems: problems.latest(),
  }))
