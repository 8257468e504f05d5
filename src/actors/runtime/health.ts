import * as Effect from "effect/Effect"
import type { CampaignState, StorageCapabilities, TransportCapabilities } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import type { Problem, Problems } from "../problems.ts"
import type { Route } from "../routing/choice.ts"
import type { Refusal } from "../routing/refusals.ts"
import type { PaceView } from "../shaping/paces.ts"
import type { BucketView } from "../shaping/shaper.ts"
import type { GateView } from "../transport-gate.ts"

/** How a transport is. */
export interface TransportHealth {
  readonly name: string
  readonly capabilities: TransportCapabilities
  readonly gate: GateView
  readonly weight: number
  /** Senders that it refuses to send for, whatever the mail. */
  readonly refused: ReadonlyArray<Refusal>
}

/** How the runtime is. */
export interface Health {
  readonly state: "running" | "draining"
  readonly storage: { readonly name: string; readonly capabilities: StorageCapabilities }
  /** The first of `transports`. */
  readonly transport: TransportHealth
  /** In their order. */
  readonly transports: ReadonlyArray<TransportHealth>
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

const healthOfRoute = ({ name, transport, gate, weight, refusals }: Route): TransportHealth => ({
  name,
  capabilities: transport.capabilities,
  gate: gate.view(),
  weight,
  refused: refusals.view(),
})

export const healthOf = (
  services: ProcessServices,
  problems: Problems["Service"],
  actors: ReadonlyArray<CampaignActor>,
  draining: boolean,
): Effect.Effect<Health> =>
  Effect.map(services.shaper.view, ({ limits, slowed }) => ({
    state: draining ? "draining" : "running",
    storage: { name: services.store.storage.name, capabilities: services.store.storage.capabilities },
    transport: healthOfRoute(services.routes.all[0]),
    transports: services.routes.all.map(healthOfRoute),
    limits,
    slowed,
    renderer: { name: services.templates.renderer.name, version: services.templates.renderer.version },
    campaigns: actors.map((actor) => {
      const { state, context } = actor.record().rest
      return { id: actor.id, state, cause: context.cause, live: actor.pump.live() }
    }),
    problems: problems.latest(),
  }))
