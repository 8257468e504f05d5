import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as z from "zod"
import {
  type Campaign,
  Closed,
  type Counts,
  type ExecutionRow,
  type Feedback,
  type FrequencyCap,
  type InvalidInput,
  idOf,
  NotFound,
  type Observer,
  parse,
  type StorageError,
} from "../../sdk/index.ts"
import { type CampaignActor, type CampaignError, makeCampaignActor } from "../campaign/campaign-actor.ts"
import { type Definition, definitionOf, loadDefinition, saveDefinition, templatesOf } from "../campaign/definition.ts"
import { afterEvent, type CampaignRecord, newRecord, readRecord, saveRecord } from "../campaign/record.ts"
import { CancelOrders } from "../cancel-orders.ts"
import { Committer } from "../committer.ts"
import { EventBus } from "../event-bus.ts"
import type { CheckedHostTrigger } from "../events/host-triggers.ts"
import { resumeSignals } from "../events/signalling.ts"
import { watchStarts } from "../events/starting.ts"
import { watchTimes } from "../events/time-triggers.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { defaultLeaseTimes, type LeaseTimes } from "../execution/lease.ts"
import { askDirectory, type LeadDirectory } from "../lead-directory.ts"
import { LongestSleep } from "../longest-sleep.ts"
import { observe } from "../observing.ts"
import { Problems } from "../problems.ts"
import { Routes } from "../routing/routes.ts"
import { Secrets } from "../secrets.ts"
import { Shaper } from "../shaping/shaper.ts"
import { Store } from "../store.ts"
import { type TemplateError, Templates } from "../templates.ts"
import { fulfilBeside, reopenOrders } from "./cancelling-all.ts"
import { changedDefinition, differencesBetween } from "./differences.ts"
import { type Explanation, explainExecution } from "./explain.ts"
import { followOthers, storedCampaigns } from "./following.ts"
import { type Health, healthOf } from "./health.ts"
import { movedSteps, stepsMoved } from "./moved-steps.ts"
import { type FeedbackAnswer, type FeedbackError, receiveFeedback } from "./receiving-feedback.ts"
import { checkSoftBounceRule, type SoftBounceRule } from "./soft-bounces.ts"

/** Everything that `campaigns.create` may fail with. */
export type CreateError = CampaignError | TemplateError | Closed | InvalidInput

/** How a campaign is created, or gone on with. */
export interface CreateOptions {
  /** Leaves the campaign in `draft` until it is started. */
  readonly draft?: boolean | undefined
  /**
   * Accepts a changed definition or template: `true` for leads that are enrolled from now on, while those that are under
   * way stay on what they entered; `"running"` for everything that is not sent yet, where no step stands at another place
   * than before (else Conflict `steps-moved`).
   */
  readonly update?: boolean | "running" | undefined
  /** How much faster campaign time runs than real time. Stored at the first creation; later ones keep it. */
  readonly speed?: number | undefined
}

export interface RuntimeSettings {
  readonly observers: ReadonlyArray<Observer>
  /** Executions alive at once, per campaign. */
  readonly maxLive: number
  /** How many mails each lead gets, from all campaigns together. */
  readonly frequency?: FrequencyCap | undefined
  /** Claims and sends nothing: for control of a store that nobody runs. */
  readonly passive: boolean
  /** Claims nothing until `leaveStandby`. */
  readonly standby: boolean
  readonly leadOf?: LeadDirectory | undefined
  readonly triggers?: ReadonlyArray<CheckedHostTrigger> | undefined
  /** When addresses that bounce for now are given up; `null` for never. */
  readonly softBounces?: SoftBounceRule | null | undefined
  readonly leases?: Partial<LeaseTimes> | undefined
}

const leaseTimes = z.strictObject({
  claimMs: z.int().min(100).max(86_400_000).default(defaultLeaseTimes.claimMs),
  graceMs: z.int().min(100).max(86_400_000).default(defaultLeaseTimes.graceMs),
})

/** The process's one runtime: it owns the campaigns and what they share. */
export class RuntimeActor extends Context.Service<
  RuntimeActor,
  {
    readonly services: ProcessServices
    readonly problems: Problems["Service"]
    readonly create: (campaign: Campaign, options: CreateOptions) => Effect.Effect<CampaignActor, CreateError>
    readonly campaign: (id: string) => Effect.Effect<CampaignActor, NotFound | StorageError | Closed>
    readonly campaigns: Effect.Effect<ReadonlyArray<CampaignActor>>
    readonly execution: (id: string) => Effect.Effect<ExecutionRow, NotFound | StorageError>
    readonly explain: (id: string) => Effect.Effect<Explanation, NotFound | StorageError>
    /** Takes in what came back about mails. */
    readonly receiveFeedback: (
      feedback: Feedback | ReadonlyArray<Feedback>,
    ) => Effect.Effect<ReadonlyArray<FeedbackAnswer>, FeedbackError>
    readonly counts: (campaignId: string) => Effect.Effect<Counts, StorageError>
    readonly health: Effect.Effect<Health>
    /** Begins to claim, where the runtime was opened in standby. */
    readonly leaveStandby: Effect.Effect<void>
    /** Claims nothing more; answers when what is alive has ended, or at the deadline. */
    readonly enterStandby: (deadlineMs: number) => Effect.Effect<void>
    /** Drains: nothing new starts, sends under way may end until the deadline; what has no receipt then is in doubt. */
    readonly drain: (deadlineMs: number) => Effect.Effect<void>
  }
>()("sendstate/actors/RuntimeActor") {
  static readonly layer = (
    settings: RuntimeSettings,
  ): Layer.Layer<
    RuntimeActor,
    StorageError,
    Store | Committer | EventBus | Problems | Routes | Secrets | Shaper | Templates
  > => {
    if (settings.softBounces !== null) checkSoftBounceRule(settings.softBounces ?? {})
    return Layer.effect(RuntimeActor, makeRuntime(settings))
  }
}

const speedSchema = z.number().positive().max(1e12)

/** How long aborted sends may take to answer before they are given up, milliseconds. */
const abortWaitMs = 2_000

const notFound = (kind: string, key: string): NotFound =>
  new NotFound({
    kind,
    key,
    code: `${kind}-missing`,
    retryable: false,
    message: `There is no ${kind} ${JSON.stringify(key)} in this storage. List what is there with "sendstate status" or "sendstate list".`,
  })

const makeRuntime = (settings: RuntimeSettings) =>
  Effect.gen(function* () {
    const store = yield* Store
    const committer = yield* Committer
    const bus = yield* EventBus
    const routes = yield* Routes
    const shaper = yield* Shaper
    const templates = yield* Templates
    const secrets = yield* Secrets
    const problems = yield* Problems
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const scope = yield* Scope.Scope
    for (const observer of settings.observers) yield* observe(observer, bus, problems)
    // Closed in the reverse order: drain, then campaigns, then observers, so that each sees the last of the one before.
    const campaignScope = yield* Scope.fork(scope)
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    const actors = new Map<string, CampaignActor>()
    let standby = settings.standby
    let lookAtTimes = (): void => undefined
    let draining = false
    let givenUp = false

    const services: ProcessServices = {
      store,
      committer,
      bus,
      routes,
      shaper,
      frequency: settings.frequency,
      templates,
      secrets,
      problems,
      clock,
      random,
      leases: parse(leaseTimes, settings.leases ?? {}, "leases"),
      ...(settings.leadOf === undefined ? {} : { leadOf: askDirectory(settings.leadOf) }),
      longestSleepMs: yield* LongestSleep,
      cancelOrders: new CancelOrders(store),
      hostStarts: { triggers: settings.triggers ?? [], underWay: new Set(), left: Latch.makeUnsafe(false) },
      fork: (work) => {
        const reported = Effect.catch(work, (error) => Effect.sync(() => problems.report(error.message)))
        fork(Effect.forkIn(reported, campaignScope))
      },
      hasGivenUp: () => givenUp,
    }
    const softBounces = settings.softBounces === null ? null : checkSoftBounceRule(settings.softBounces ?? {})
    const owner = idOf("owner", clock.currentTimeMillisUnsafe(), random.nextDoubleUnsafe())

    // One at a time: a campaign that is being created here is also seen by whoever follows the store.
    const spawning = yield* Semaphore.make(1)
    const spawn = (record: CampaignRecord): Effect.Effect<CampaignActor> =>
      Effect.gen(function* () {
        const running = actors.get(record.id)
        if (running !== undefined) return running
        const actor = yield* Scope.provide(
          makeCampaignActor(services, {
            record,
            owner,
            maxLive: settings.maxLive,
            passive: settings.passive || standby,
          }),
          campaignScope,
        )
        actors.set(record.id, actor)
        lookAtTimes()
        return actor
      }).pipe(spawning.withPermits(1))

    const refuseWhenDraining = Effect.suspend(() =>
      draining
        ? Effect.fail(
            new Closed({ code: "closed", retryable: false, message: "The runtime is closing and takes no new work." }),
          )
        : Effect.void,
    )

    const register = (campaign: Campaign): Effect.Effect<Definition, TemplateError> =>
      Effect.gen(function* () {
        const hashes = new Map<string, string>()
        for (const template of templatesOf(campaign)) hashes.set(template, yield* templates.register(template))
        return definitionOf(campaign, hashes)
      })

    const createNew = (campaign: Campaign, definition: Definition, options: CreateOptions) =>
      Effect.gen(function* () {
        const hash = yield* saveDefinition(store, campaign, definition)
        const now = clock.currentTimeMillisUnsafe()
        const draft = newRecord(campaign.id, hash, { origin: now, scale: options.speed ?? 1 }, now)
        // In one write: a crash between two would leave a draft that nobody asked for.
        const record = options.draft === true ? draft : (afterEvent(draft, { type: "START" }) ?? draft)
        const actor = yield* spawn(yield* saveRecord(store, record))
        const { state, context } = record.rest
        bus.publish({ type: "campaign", at: now, campaignId: campaign.id, state, cause: context.cause })
        return actor
      })

    // Each definition that somebody is under way on: not only the latest.
    const refuseMoves = (actor: CampaignActor, { steps }: Definition): Effect.Effect<void, CampaignError> =>
      Effect.gen(function* () {
        const record = actor.record()
        for (const hash of new Set([record.definition, ...Object.values(record.earlier)])) {
          const moved = movedSteps((yield* loadDefinition(store, hash)).definition.steps, steps)
          if (moved.length > 0) return yield* Effect.fail(stepsMoved(actor.id, moved))
        }
      })

    const reopen = (
      actor: CampaignActor,
      campaign: Campaign,
      definition: Definition,
      options: CreateOptions,
    ): Effect.Effect<CampaignActor, CampaignError> =>
      Effect.gen(function* () {
        const stored = yield* loadDefinition(store, actor.record().definition)
        const differences = differencesBetween(stored.definition, definition)
        const isBehind = options.update === "running" && actor.isBehind()
        if (differences.length === 0 && !isBehind) return actor
        if (options.update === undefined || options.update === false)
          return yield* Effect.fail<CampaignError>(changedDefinition(campaign.id, differences))
        if (options.update === "running") yield* refuseMoves(actor, definition)
        yield* actor.follow(
          yield* saveDefinition(store, campaign, definition),
          options.update === "running" ? "all" : "new",
        )
        lookAtTimes()
        return actor
      })

    const find = (id: string): Effect.Effect<CampaignActor | undefined, StorageError> =>
      Effect.gen(function* () {
        const running = actors.get(id)
        if (running !== undefined) return running
        const record = yield* readRecord(store, id)
        return record === undefined ? undefined : yield* spawn(record)
      })

    const execution = (id: string): Effect.Effect<ExecutionRow, NotFound | StorageError> =>
      Effect.flatMap(
        store.use((driver) => driver.get([id])),
        ([row]) => (row === undefined ? Effect.fail(notFound("execution", id)) : Effect.succeed(row)),
      )

    // A restart goes on with every campaign that is stored.
    const reviveAll = Effect.gen(function* () {
      for (const record of yield* storedCampaigns(store)) if (!actors.has(record.id)) yield* spawn(record)
    })

    const allDrained = Effect.suspend(() =>
      Effect.forEach([...actors.values()], (actor) => actor.pump.drained, { concurrency: "unbounded", discard: true }),
    )

    const drain = (deadlineMs: number): Effect.Effect<void> =>
      Effect.gen(function* () {
        draining = true
        for (const actor of actors.values()) actor.pump.stop()
        routes.close()
        yield* Effect.timeoutOption(allDrained, deadlineMs)
        routes.abortAll()
        yield* Effect.timeoutOption(allDrained, abortWaitMs)
        givenUp = true
        yield* Effect.timeoutOption(allDrained, abortWaitMs)
      })

    yield* Effect.addFinalizer(() => (draining ? Effect.void : drain(0)))
    // Before anything is claimed: what they cover is not sent.
    const orders = yield* reopenOrders(services)
    yield* reviveAll
    yield* Scope.provide(followOthers({ store, problems, actors, spawn }), campaignScope)

    const runtime = RuntimeActor.of({
      services,
      problems,
      create: (campaign, options) =>
        Effect.gen(function* () {
          yield* refuseWhenDraining
          yield* Effect.try({
            try: () => parse(speedSchema.optional(), options.speed, "The speed"),
            catch: (error) => error as InvalidInput,
          })
          const definition = yield* register(campaign)
          const open = Effect.gen(function* () {
            const existing = yield* find(campaign.id)
            return existing === undefined
              ? yield* createNew(campaign, definition, options)
              : yield* reopen(existing, campaign, definition, options)
          })
          // Another process created it at the same time: it is there now.
          return yield* Effect.retry(open, {
            times: 3,
            while: (error) => error._tag === "Conflict" && error.code === "campaign-changed",
          })
        }),
      campaign: (id) =>
        Effect.gen(function* () {
          yield* refuseWhenDraining
          return (yield* find(id)) ?? (yield* Effect.fail(notFound("campaign", id)))
        }),
      campaigns: Effect.sync(() => [...actors.values()]),
      execution,
      explain: (id) =>
        Effect.gen(function* () {
          const row = yield* execution(id)
          return yield* explainExecution(store, row, routes.whyWaiting(id))
        }),
      receiveFeedback: (feedback) => receiveFeedback(runtime, softBounces, feedback),
      counts: (campaignId) => store.use((driver) => driver.counts(campaignId)),
      health: Effect.suspend(() => healthOf(services, problems, [...actors.values()], draining)),
      leaveStandby: Effect.sync(() => {
        if (!standby || draining) return
        standby = false
        lookAtTimes()
        for (const actor of actors.values()) actor.pump.start()
      }),
      enterStandby: (deadlineMs) =>
        Effect.suspend(() => {
          standby = true
          for (const actor of actors.values()) actor.pump.stop()
          return Effect.asVoid(Effect.timeoutOption(allDrained, deadlineMs))
        }),
      drain,
    })
    for (const order of orders) fulfilBeside(runtime, order)
    if (settings.passive) return runtime
    yield* Scope.provide(watchStarts(runtime), campaignScope)
    services.fork(resumeSignals(runtime))
    const { campaigns } = runtime
    const isActive = (): boolean => !standby && !draining
    lookAtTimes = yield* Scope.provide(watchTimes({ services, campaigns, isActive }), campaignScope)
    return runtime
  })
