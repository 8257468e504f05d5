import * as Layer from "effect/Layer"
import * as z from "zod"
import { Committer } from "./actors/committer.ts"
import { EventBus } from "./actors/event-bus.ts"
import { checkHostTriggers, type HostTrigger } from "./actors/events/host-triggers.ts"
import type { LeaseTimes } from "./actors/execution/lease.ts"
import type { LeadDirectory } from "./actors/lead-directory.ts"
import { Problems } from "./actors/problems.ts"
import { Routes } from "./actors/routing/routes.ts"
import {
  parseRouting,
  type RoutingSettings,
  singleRoute,
  type TransportRoute,
} from "./actors/routing/transport-route.ts"
import { serveControl } from "./actors/runtime/control.ts"
import { RuntimeActor } from "./actors/runtime/runtime-actor.ts"
import type { SoftBounceRule } from "./actors/runtime/soft-bounces.ts"
import { Secrets } from "./actors/secrets.ts"
import { Shaper } from "./actors/shaping/shaper.ts"
import { Store } from "./actors/store.ts"
import { Templates } from "./actors/templates.ts"
import { mjml } from "./plugins/renderer/mjml/index.ts"
import { sqlite } from "./plugins/storage/sqlite/index.ts"
import {
  checkLimitedTransports,
  type InvalidInput,
  type LimitsInput,
  type NotFound,
  type Observer,
  parse,
  parseLimits,
  RenderError,
  type Renderer,
  type SigningKeys,
  type Storage,
  type StorageError,
  type StorageOwned,
  type Transport,
} from "./sdk/index.ts"

/** What a runtime is made of, beside what it sends through. */
export interface CommonOptions {
  /** Default: `sqlite("sendstate.db")`. */
  readonly storage?: Storage
  /** Default: `mjml()`, templates from the folder `templates`. */
  readonly renderer?: Renderer
  readonly observers?: ReadonlyArray<Observer>
  /** Executions alive at once per campaign; default 500. What is not alive is a row, never an actor or a timer. */
  readonly maxLive?: number
  /** How much may be sent, over all campaigns and processes of the storage. Default: as fast as the transport can. */
  readonly limits?: LimitsInput
  /**
   * Who a lead is, asked before each attempt: for hosts that keep leads in a database of their own. `undefined` as answer
   * ends the execution as suppressed, a throw is tried again. Default: the lead as it was enrolled.
   */
  readonly leadOf?: LeadDirectory
  /**
   * What starts something of the host's own when it happens to a lead, beside the triggers of campaigns. Give every process
   * of a storage the same ones: whichever of them is told of an event starts it. Default: none.
   */
  readonly triggers?: ReadonlyArray<HostTrigger>
  /** How long other processes of a shared storage leave a row to the one that claimed it. */
  readonly leases?: Partial<LeaseTimes>
  /**
   * Keys of at least 32 bytes that sign links to unsubscribe: the first signs, all are accepted. Default: one that the
   * storage keeps.
   */
  readonly signingKeys?: SigningKeys
  /**
   * A key of at least 32 bytes that the addresses on the suppression list are hashed with, so that a stolen database does
   * not tell who is on it. For a new storage only, and needed from then on, always the same. Default: one that the storage keeps.
   */
  readonly suppressionKey?: string | Uint8Array
  /** When `receiveFeedback` gives up an address that bounces for now; `null` for never. Default: 3 of 5 mails, or within 30 days. */
  readonly softBounces?: SoftBounceRule | null
  /** Opens and answers, but claims nothing until `runtime.leaveStandby()`. Default false. */
  readonly standby?: boolean
}

/** What a runtime is made of. */
export type RuntimeOptions = CommonOptions &
  (
    | { readonly transport: Transport; readonly transports?: undefined }
    /** Several ways out: mails are spread over them by weight, and go another way when a host is down. */
    | { readonly transport?: undefined; readonly transports: ReadonlyArray<TransportRoute> }
  )

/** Executions alive at once by default: enough to keep any transport busy, a few megabytes at most. */
const defaultMaxLive = 500

/** What opening the storage may fail with; InvalidInput is about the keys. */
export type OpenError = StorageError | StorageOwned | NotFound | InvalidInput

// More than a few per slot would only wait with a lease in hand.
const roomFor = (maxLive: number, { routes }: RoutingSettings): number => {
  const slots = routes.reduce((sum, { transport }) => sum + transport.capabilities.maxConcurrency, 0)
  return Math.min(parse(z.int().min(1), maxLive, "maxLive"), Math.max(16, slots * 4))
}

/** The runtime as a layer: the composition root, and the only place that knows the default plugins. */
export const layerRuntime = (options: RuntimeOptions): Layer.Layer<RuntimeActor, OpenError> => {
  const storage = options.storage ?? sqlite("sendstate.db")
  const renderer = options.renderer ?? mjml({ directory: "templates" })
  const { signingKeys, suppressionKey } = options
  const limits = parseLimits(options.limits ?? {})
  const routing = parseRouting(options)
  checkLimitedTransports(
    limits,
    routing.routes.map(({ name }) => name),
  )
  const room = roomFor(options.maxLive ?? defaultMaxLive, routing)
  const services = Layer.mergeAll(
    Committer.layer,
    Templates.layer(renderer),
    Secrets.layer({ signingKeys, suppressionKey, passive: false }),
    EventBus.layer,
    Routes.layer(routing),
  ).pipe(
    Layer.provideMerge(Shaper.layer(limits, room)),
    Layer.provideMerge(Layer.mergeAll(Store.layer(storage), Problems.layer)),
  )
  const runtime = RuntimeActor.layer({
    observers: options.observers ?? [],
    maxLive: room,
    frequency: limits.frequency,
    passive: false,
    standby: options.standby ?? false,
    leadOf: options.leadOf,
    triggers: checkHostTriggers(options.triggers ?? []),
    leases: options.leases,
    softBounces: options.softBounces,
  })
  return Layer.provideMerge(Layer.effectDiscard(serveControl), runtime).pipe(Layer.provide(services))
}

/** A runtime that sends nothing: reads and controls a store that nobody runs. */
export const layerPassive = (storage: Storage): Layer.Layer<RuntimeActor, OpenError> => {
  const services = Layer.mergeAll(
    Committer.layer,
    Templates.layer(noRenderer),
    Secrets.layer({ passive: true }),
    EventBus.layer,
    Routes.layer(singleRoute(noTransport)),
  ).pipe(
    Layer.provideMerge(Shaper.layer(parseLimits({}), 1)),
    Layer.provideMerge(Layer.mergeAll(Store.layer(storage), Problems.layer)),
  )
  return RuntimeActor.layer({ observers: [], maxLive: 1, passive: true, standby: false }).pipe(Layer.provide(services))
}

const noTransport: Transport = {
  name: "none",
  capabilities: { maxConcurrency: 1, deadlineMs: 1_000, signalsHandoff: true },
  send: () => Promise.resolve({ type: "rejected", scope: "config", retryable: false, code: "no-transport" }),
}

const refuse = (): never => {
  throw new RenderError({
    template: "",
    code: "no-renderer",
    retryable: false,
    issues: [],
    message: "This store is open for reading and control only. Use createRuntime to render and send.",
  })
}

const noRenderer: Renderer = {
  name: "none",
  version: "0",
  load: async () => refuse(),
  compile: async () => refuse(),
  prepare: refuse,
}
