import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { CampaignActor, CampaignError } from "./actors/campaign/campaign-actor.ts"
import { type ReceivedMessage, type ReceiveResult, receiveMessage } from "./actors/events/receiving.ts"
import { type SignalError, type SignalInput, type SignalResult, signalEvent } from "./actors/events/signalling.ts"
import { endOfChanges } from "./actors/runtime/end-of-changes.ts"
import { type EnrollOptions, type EnrollResult, enrollLeads, type LeadSource } from "./actors/runtime/enrolling.ts"
import {
  type CancelAnswer,
  type ControlAnswer,
  cancelExecution,
  rescheduleExecution,
  resendExecution,
  resolveExecution,
  retryExecution,
} from "./actors/runtime/execution-control.ts"
import type { Explanation } from "./actors/runtime/explain.ts"
import { type ForgetOptions, type ForgetResult, forgetLead } from "./actors/runtime/forgetting.ts"
import type { Health } from "./actors/runtime/health.ts"
import { type LeadStored, writeLead } from "./actors/runtime/leads.ts"
import { type PruneOptions, type PruneResult, prune } from "./actors/runtime/pruning.ts"
import type { FeedbackAnswer, FeedbackError } from "./actors/runtime/receiving-feedback.ts"
import { runExecutionNow } from "./actors/runtime/running-now.ts"
import { type CreateError, type CreateOptions, RuntimeActor } from "./actors/runtime/runtime-actor.ts"
import { type ScheduleInput, scheduleMails } from "./actors/runtime/scheduling.ts"
import {
  findSuppressions,
  type SuppressionScope,
  type SuppressOptions,
  suppress,
  unsuppress,
} from "./actors/runtime/suppressing.ts"
import { type UnsubscribeError, unsubscribe } from "./actors/runtime/unsubscribing.ts"
import { waitForState } from "./actors/runtime/waiting.ts"
import { actOnSelection, type SelectionAction, type SelectionResult } from "./actors/selection/acting.ts"
import { readSelection, type SelectionFilter } from "./actors/selection/filter.ts"
import { type PreviewLimit, previewSelection, type SelectionPreview } from "./actors/selection/previewing.ts"
import type { Selection } from "./actors/selection/selecting.ts"
import { readLead } from "./actors/stored-lead.ts"
import { layerRuntime, type OpenError, type RuntimeOptions } from "./runtime.ts"
import {
  type CampaignInput,
  type CampaignState,
  type Changes,
  type Closed,
  type Counts,
  defineCampaign,
  type Feedback,
  type InvalidInput,
  type Lead,
  type LeadInput,
  type NotFound,
  type RenderError,
  type RuntimeEvent,
  type StorageError,
  type Suppression,
  type Unsubscription,
} from "./sdk/index.ts"

/** One campaign, as effects. See `CampaignHandle` for what each method guarantees. */
export interface CampaignEffects {
  readonly id: string
  readonly state: Effect.Effect<CampaignState>
  /** Streams leads in; idempotent, durable in batches. */
  readonly enroll: (
    leads: LeadSource,
    options?: Pick<EnrollOptions, "onRejected" | "entry" | "again">,
  ) => Effect.Effect<EnrollResult, CampaignError | InvalidInput>
  /** Mails of their own, outside the steps: stored in one step; answers their ids. */
  readonly schedule: (
    mails: ReadonlyArray<ScheduleInput>,
  ) => Effect.Effect<ReadonlyArray<string>, CampaignError | InvalidInput | RenderError>
  readonly stats: Effect.Effect<Counts, StorageError>
  readonly start: Effect.Effect<boolean, CampaignError>
  readonly pause: Effect.Effect<boolean, CampaignError>
  readonly resume: Effect.Effect<boolean, CampaignError>
  readonly cancel: Effect.Effect<boolean, CampaignError>
  /** No more enrolling: the campaign may complete. */
  readonly close: Effect.Effect<boolean, CampaignError>
  readonly completed: Effect.Effect<Counts, StorageError>
  readonly settled: Effect.Effect<Counts, StorageError>
  readonly idle: Effect.Effect<Counts, StorageError>
  readonly events: Stream.Stream<RuntimeEvent>
}

type ControlError = CampaignError | Closed

export type { CampaignError } from "./actors/campaign/campaign-actor.ts"

export type { SelectionAction } from "./actors/selection/acting.ts"
export type { OpenError } from "./runtime.ts"

/** sendstate as an Effect service; the same runtime as `createRuntime`, closed with its layer's scope. */
export class Sendstate extends Context.Service<
  Sendstate,
  {
    /** Creates a campaign, or goes on with the one that is stored under this id. */
    readonly create: <Data>(
      campaign: CampaignInput<Data>,
      options?: CreateOptions,
    ) => Effect.Effect<CampaignEffects, CreateError | InvalidInput>
    /** A stored campaign. */
    readonly campaign: (id: string) => Effect.Effect<CampaignEffects, NotFound | StorageError | Closed>
    /** Cancels one execution; `cancelled` only when nothing was and nothing will be sent. */
    readonly cancel: (executionId: string) => Effect.Effect<CancelAnswer | "missing", ControlError>
    /** Runs a failed execution again with a new budget. */
    readonly retry: (
      executionId: string,
      options?: { readonly duplicate?: boolean },
    ) => Effect.Effect<ControlAnswer, ControlError>
    /** Settles an execution in doubt. */
    readonly resolve: (executionId: string, verdict: "sent" | "notSent") => Effect.Effect<ControlAnswer, ControlError>
    /** Moves the due time (epoch ms) of an execution that waits. */
    readonly reschedule: (
      executionId: string,
      dueAt: number,
    ) => Effect.Effect<ControlAnswer, ControlError | InvalidInput>
    /** Sends again what was not sent; with `inDoubt` also what may have been, accepting a second copy. */
    readonly resend: (
      executionId: string,
      options?: { readonly inDoubt?: boolean },
    ) => Effect.Effect<ControlAnswer, ControlError>
    /** What a selection of executions holds, and what each action would do to it. */
    readonly previewSelection: (
      filter: SelectionFilter,
      options?: PreviewLimit,
    ) => Effect.Effect<SelectionPreview, ControlError | InvalidInput>
    /** Does one thing to every execution of a selection, page by page. */
    readonly actOnSelection: (
      filter: SelectionFilter,
      action: SelectionAction,
    ) => Effect.Effect<SelectionResult, ControlError | InvalidInput>
    /** Runs an execution that waits now, whatever its time. */
    readonly runNow: (executionId: string) => Effect.Effect<ControlAnswer, ControlError | InvalidInput>
    /** A lead as it is stored. */
    readonly lead: (id: string) => Effect.Effect<Lead | undefined, StorageError>
    /** Stores the lead in place of what is known about it. */
    readonly putLead: (lead: LeadInput) => Effect.Effect<LeadStored, SignalError>
    /** Forgets a person, by id or address; what was counted stays counted. */
    readonly forgetLead: (
      lead: string,
      options?: ForgetOptions,
    ) => Effect.Effect<ForgetResult, ControlError | InvalidInput>
    /** Removes executions that ended before an instant; counts stay. */
    readonly prune: (options: PruneOptions) => Effect.Effect<PruneResult, StorageError | InvalidInput>
    /** What happened to executions after `since`, oldest first; at most `limit` entries, default 1,000. */
    readonly changes: (since: number, limit?: number) => Effect.Effect<Changes, StorageError>
    /** Where that log ends now; 0 before anything has happened. */
    readonly endOfChanges: Effect.Effect<number, StorageError>
    /** Why an execution stands where it stands. */
    readonly explain: (executionId: string) => Effect.Effect<Explanation, NotFound | StorageError>
    /** Never mail this address again, or nothing of one topic. */
    readonly suppress: (email: string, options?: SuppressOptions) => Effect.Effect<void, StorageError | InvalidInput>
    /** Lifts what was suppressed with the same topic, or without one; answers whether there was such an entry. */
    readonly unsuppress: (
      email: string,
      options?: SuppressionScope,
    ) => Effect.Effect<boolean, StorageError | InvalidInput>
    /** What the link in a mail asks for; idempotent. */
    readonly unsubscribe: (who: Unsubscription) => Effect.Effect<void, UnsubscribeError>
    /** Takes in what came back about mails; idempotent by each feedback's id. */
    readonly receiveFeedback: (
      feedback: Feedback | ReadonlyArray<Feedback>,
    ) => Effect.Effect<ReadonlyArray<FeedbackAnswer>, FeedbackError>
    /** The entries that keep mail (of a topic) from this address. */
    readonly suppressionsOf: (
      email: string,
      options?: SuppressionScope,
    ) => Effect.Effect<ReadonlyArray<Suppression>, StorageError | InvalidInput>
    /** Tells what happened to a lead; idempotent by its id. */
    readonly signal: (input: SignalInput) => Effect.Effect<SignalResult, SignalError>
    /** Takes in a mail from a lead; idempotent by its id. */
    readonly receive: (message: ReceivedMessage) => Effect.Effect<ReceiveResult, SignalError>
    readonly events: Stream.Stream<RuntimeEvent>
    readonly health: Effect.Effect<Health>
  }
>()("sendstate/Sendstate") {
  /** Opens the storage and goes on with every campaign in it, for as long as the layer lives. */
  static readonly layer = (options: RuntimeOptions): Layer.Layer<Sendstate, OpenError> =>
    Layer.provide(Layer.effect(Sendstate, Effect.map(RuntimeActor, makeService)), layerRuntime(options))
}

const eventsOf = (
  runtime: RuntimeActor["Service"],
  accepts: (event: RuntimeEvent) => boolean,
): Stream.Stream<RuntimeEvent> =>
  Stream.unwrap(
    Effect.map(runtime.services.bus.subscribe, (subscription) =>
      Stream.fromEffectRepeat(subscription.next).pipe(
        Stream.takeWhile((event) => event !== undefined),
        Stream.filter((event): event is RuntimeEvent => event !== undefined && accepts(event)),
      ),
    ),
  )

const campaignEffects = (
  runtime: RuntimeActor["Service"],
  actor: CampaignActor,
  leadData: EnrollOptions["leadData"],
): CampaignEffects => ({
  id: actor.id,
  state: Effect.sync(() => actor.record().rest.state),
  enroll: (leads, options = {}) => enrollLeads(actor, leads, { ...options, leadData }),
  schedule: (mails) => scheduleMails(runtime.services, actor, mails),
  stats: actor.counts,
  start: actor.tell({ type: "START" }),
  pause: actor.tell({ type: "PAUSE" }),
  resume: actor.tell({ type: "RESUME" }),
  cancel: actor.cancel,
  close: actor.tell({ type: "CLOSE" }),
  completed: Effect.andThen(waitForState(runtime.services, actor, ["completed", "cancelled"]), actor.counts),
  settled: Effect.andThen(actor.pump.settled.await, actor.counts),
  idle: Effect.andThen(actor.pump.idle.await, actor.counts),
  events: eventsOf(runtime, (event) => event.type === "lagged" || event.campaignId === actor.id),
})

const selectionFor = (filter: SelectionFilter): Effect.Effect<Selection, InvalidInput> =>
  Effect.try({
    try: () => readSelection(filter),
    catch: (error) => error as InvalidInput,
  })

const makeService = (runtime: RuntimeActor["Service"]): Sendstate["Service"] => {
  const { services } = runtime
  const on = <A, E = never>(id: string, body: (actor: CampaignActor) => Effect.Effect<A, ControlError | E>) =>
    Effect.gen(function* () {
      const [row] = yield* services.store.use((driver) => driver.get([id]))
      return row === undefined ? ("missing" as const) : yield* body(yield* runtime.campaign(row.campaignId))
    })
  return Sendstate.of({
    create: (input, options = {}) =>
      Effect.gen(function* () {
        const campaign = yield* Effect.try({
          try: () => defineCampaign(input),
          catch: (error) => error as InvalidInput,
        })
        return campaignEffects(runtime, yield* runtime.create(campaign, options), campaign.leadData)
      }),
    campaign: (id) => Effect.map(runtime.campaign(id), (actor) => campaignEffects(runtime, actor, undefined)),
    cancel: (id) => on(id, (actor) => cancelExecution(services, actor, id)),
    retry: (id, { duplicate = false } = {}) => on(id, (actor) => retryExecution(services, actor, id, { duplicate })),
    resolve: (id, verdict) => on(id, (actor) => resolveExecution(services, actor, id, verdict)),
    reschedule: (id, dueAt) => on(id, (actor) => rescheduleExecution(services, actor, id, dueAt)),
    resend: (id, { inDoubt = false } = {}) => on(id, (actor) => resendExecution(services, actor, id, { inDoubt })),
    previewSelection: (filter, options = {}) =>
      Effect.flatMap(selectionFor(filter), (selection) => previewSelection(runtime, selection, options)),
    actOnSelection: (filter, action) =>
      Effect.flatMap(selectionFor(filter), (selection) => actOnSelection(runtime, selection, action)),
    runNow: (id) => on(id, (actor) => runExecutionNow(services, actor, id)),
    lead: (id) => readLead(services, id),
    putLead: (lead) => writeLead(runtime, lead),
    forgetLead: (lead, options = {}) => forgetLead(runtime, lead, options),
    prune: (options) => prune(services, options),
    changes: (since, limit = 1_000) => services.store.use((driver) => driver.changes(since, limit)),
    endOfChanges: endOfChanges(services.store),
    explain: runtime.explain,
    suppress: (email, options = {}) => suppress(services, email, options),
    unsuppress: (email, options = {}) => unsuppress(services, email, options),
    receiveFeedback: runtime.receiveFeedback,
    unsubscribe: (who) => unsubscribe(runtime, who),
    signal: (input) => signalEvent(runtime, input),
    receive: (message) => receiveMessage(runtime, message),
    suppressionsOf: (email, options = {}) => findSuppressions(services, email, options),
    events: eventsOf(runtime, () => true),
    health: Effect.suspend(() => runtime.health),
  })
}
