import * as Effect from "effect/Effect"
import { type ReceivedMessage, type ReceiveResult, receiveMessage } from "../actors/events/receiving.ts"
import { type SignalInput, type SignalResult, signalEvent } from "../actors/events/signalling.ts"
import { endOfChanges } from "../actors/runtime/end-of-changes.ts"
import type { Explanation } from "../actors/runtime/explain.ts"
import { type ForgetOptions, type ForgetResult, forgetLead } from "../actors/runtime/forgetting.ts"
import type { Health } from "../actors/runtime/health.ts"
import { type LeadStored, writeLead } from "../actors/runtime/leads.ts"
import { type PruneOptions, type PruneResult, prune } from "../actors/runtime/pruning.ts"
import type { FeedbackAnswer } from "../actors/runtime/receiving-feedback.ts"
import { type CreateOptions, RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import {
  listSettings,
  readSetting,
  type Setting,
  type SettingWrite,
  writeSettings,
} from "../actors/runtime/settings.ts"
import {
  findSuppressions,
  type SuppressionScope,
  type SuppressOptions,
  suppress,
  unsuppress,
} from "../actors/runtime/suppressing.ts"
import { templateNameOf } from "../actors/runtime/template-name.ts"
import { unsubscribe } from "../actors/runtime/unsubscribing.ts"
import { readLead } from "../actors/stored-lead.ts"
import { layerRuntime, type RuntimeOptions } from "../runtime.ts"
import {
  type CampaignInput,
  type Changes,
  defineCampaign,
  type ExecutionRow,
  type Feedback,
  type Lead,
  type LeadInput,
  type RuntimeEvent,
  type Suppression,
  type Unsubscription,
} from "../sdk/index.ts"
import { type CampaignHandle, type CampaignStatus, makeCampaignHandle } from "./campaign-handle.ts"
import { eventStream, type WaitOptions } from "./event-stream.ts"
import { type ExecutionsHandle, makeExecutionsHandle } from "./executions-handle.ts"
import { makeRunner, makeRunnerSync, type PromiseRunner, type Surroundings } from "./promise.ts"
import { listSuppressions } from "./suppression-list.ts"
import { makeSyncHandle, type SyncHandle } from "./sync-handle.ts"

/** The campaigns of a runtime. */
export interface CampaignsHandle {
  /**
   * Creates a campaign and starts it (unless `draft`), or goes on with the one that is stored under this id.
   *
   * @throws InvalidInput when the definition is not acceptable, RenderError or NotFound for its templates, Conflict
   * `campaign-differs` with the differences when another definition is stored and `update` is not set,
   * `steps-moved` when an update of what runs moves a step.
   */
  create<Data>(campaign: CampaignInput<Data>, options?: CreateOptions): Promise<CampaignHandle>
  /** @throws NotFound */
  get(id: string): Promise<CampaignHandle>
  /** All that are stored. */
  list(): Promise<ReadonlyArray<CampaignStatus>>
}

/** Leads as they are stored. */
export interface LeadsHandle {
  /** The lead, or `undefined`. */
  get(id: string): Promise<Lead | undefined>
  /**
   * Stores the lead in place of what is known about it; mails that are rendered from now on use it. A status that is new is
   * signalled as `status:<status>`. @throws InvalidInput
   */
  put(lead: LeadInput): Promise<LeadStored>
}

/**
 * Small JSON objects by key. Begin keys with the name of whatever keeps them. One whose value names a lead as `leadId`
 * belongs to that person: {@link Runtime.forgetLead} removes it.
 */
export interface SettingsHandle {
  /** The setting, or `undefined`. */
  get(key: string): Promise<Setting | undefined>
  /** Writes each, whatever was there; `null` removes. Durable on return. */
  put(writes: ReadonlyArray<SettingWrite>): Promise<void>
  /** All whose key begins so, by key. */
  list(prefix: string): Promise<ReadonlyArray<{ readonly key: string; readonly value: Setting }>>
}

/** Who is not mailed. The list holds keyed hashes: whom an entry means is known only to who knows the address. */
export interface SuppressionsHandle {
  /** The entries that keep mail from this address: those of everything, and with a topic those of the topic. */
  of(email: string, options?: SuppressionScope): Promise<ReadonlyArray<Suppression>>
  /** All entries by key, read in pages. */
  list(): AsyncIterable<Suppression>
}

/** A running sendstate. Close it: leases are given back and sends under way may end. */
export interface Runtime extends AsyncDisposable {
  readonly campaigns: CampaignsHandle
  readonly executions: ExecutionsHandle
  /** Why an execution stands where it stands. @throws NotFound */
  explain(executionId: string): Promise<Explanation>
  /**
   * Never mail this address again, in any campaign or (`topic`) in those of one topic: refused in the same atomic step
   * that would store the intent. Durable on return. Who is on the list already stays there as it is.
   */
  suppress(email: string, options?: SuppressOptions): Promise<void>
  /** Lifts what was suppressed with the same topic, or without one; answers whether there was such an entry. */
  unsuppress(email: string, options?: SuppressionScope): Promise<boolean>
  /**
   * What the link in a mail asks for: suppresses the lead for the topic, or for everything. Durable on return, nothing of it
   * is sent afterwards; idempotent. Give it to `unsubscribeHandler` of `sendstate/web`.
   *
   * @throws NotFound for a lead that is not stored, where the link does not name its address; Conflict when the host's
   * directory of leads does not answer.
   */
  unsubscribe(who: Unsubscription): Promise<void>
  /**
   * Takes in what came back about mails: from `readFeedback`, from webhooks, from the host itself. Complaints and hard
   * bounces suppress the address, soft bounces by the rule of `softBounces`, wishes to unsubscribe for the mail's topic; all
   * of it is shown by {@link Runtime.explain}. Durable on return; what was heard before, by its id, changes nothing.
   *
   * @throws InvalidInput for what is no feedback: nothing of it was taken in.
   */
  receiveFeedback(feedback: Feedback | ReadonlyArray<Feedback>): Promise<ReadonlyArray<FeedbackAnswer>>
  /** The keys that links in mails are signed with: the first signs, all are accepted. Keep them to yourself. */
  signingKeys(): ReadonlyArray<Uint8Array>
  /** The suppression list. */
  readonly suppressions: SuppressionsHandle
  /**
   * Tells what happened to a lead: `clicked`, `replied`, `trial.started`. Mails that wait for it are due, campaigns whose exit
   * or goal it is send the lead nothing more, campaigns whose trigger it is enroll it,
   * triggers of the host start what is theirs. Durable on return; the same id again does nothing.
   */
  signal(input: SignalInput): Promise<SignalResult>
  /**
   * Takes in a mail from a lead, as `parseInbound` of `sendstate/feedback` answers it: signals `replied`, and fires the
   * triggers that match. What a program wrote is ignored, and said to be. Idempotent by the message's id.
   */
  receive(message: ReceivedMessage): Promise<ReceiveResult>
  /** Leads as they are stored. */
  readonly leads: LeadsHandle
  /**
   * Forgets a person, by id or by address (then all leads with it): everything that waits is cancelled, the lead's data
   * and what integrations keep of it is erased, and a pseudonym takes the place of its id in what stays. Ended mails stay
   * counted. By default a hash of the address stays among the suppressions, so that the person is not mailed again.
   *
   * Waits for mails of the lead that are being sent. Idempotent: after an error or a crash, ask again.
   *
   * @throws Conflict `lead-in-flight` when a send takes longer than `deadlineMs`: nothing was erased yet.
   */
  forgetLead(lead: string, options?: ForgetOptions): Promise<ForgetResult>
  /**
   * Removes executions that ended before an instant, with their histories; answers how many. Counts stay as they are, and
   * nobody can be enrolled twice. @throws InvalidInput for an instant in the future.
   */
  prune(options: PruneOptions): Promise<PruneResult>
  /** Small JSON objects that an integration keeps beside the campaigns. */
  readonly settings: SettingsHandle
  /** What answers on the caller's stack, for storages with the capability `sync`. */
  readonly sync: SyncHandle
  /**
   * What happened to executions after `since` (0: from the start), oldest first, nothing left out; give `next` to go on.
   * At most `limit` entries, default 1,000.
   */
  changes(since: number, options?: WaitOptions & { readonly limit?: number }): Promise<Changes>
  /** Where that log ends now: give it as `since` to hear only of what comes; 0 before anything has happened. */
  endOfChanges(options?: WaitOptions): Promise<number>
  /** Under which name an execution's template was loaded. @throws NotFound */
  templateName(row: Pick<ExecutionRow, "template">): Promise<string>
  /** Epoch ms on the runtime's clock. */
  now(): number
  /** Begins to claim, where it was opened in `standby`. */
  leaveStandby(): Promise<void>
  /** Claims nothing more; answers when sends under way have ended, or after `deadlineMs` (default 10,000). */
  enterStandby(options?: { readonly deadlineMs?: number }): Promise<void>
  /** All events from now on, each after it is durable. */
  events(options?: WaitOptions): AsyncIterable<RuntimeEvent>
  /** How storage, transport and campaigns are, and what went wrong lately. */
  health(): Promise<Health>
  /**
   * Drains and closes; idempotent. Sends under way may end within `deadlineMs` (default 10,000); what has no receipt
   * then is in doubt, and reported so at the next start.
   */
  close(options?: { readonly deadlineMs?: number }): Promise<void>
}

/**
 * Opens the storage, goes on with every campaign in it, and is ready for more.
 *
 * @example
 * ```ts
 * const runtime = await createRuntime({ storage: sqlite("campaigns.db"), transport: smtp("smtp://127.0.0.1:2525") })
 * const spring = await runtime.campaigns.create({ id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] })
 * await spring.enroll([{ email: "bob@example.test" }])
 * ```
 * @throws StorageOwned when another process runs on the same one-process store; StorageError when it cannot be opened.
 */
export const createRuntime = (options: RuntimeOptions): Promise<Runtime> => openRuntime(options)

/** As {@link createRuntime}, in surroundings of the caller's choice: the simulation brings its own time and chance. */
export const openRuntime = async (options: RuntimeOptions, surroundings?: Surroundings): Promise<Runtime> => {
  const runner = await makeRunner(layerRuntime(options), surroundings)
  return runtimeOf(runner, await runner.run(RuntimeActor))
}

/**
 * As {@link createRuntime}, without waiting: for storages that answer at once (memory, sqlite).
 *
 * @throws StorageError `not-synchronous` for other storages, and what createRuntime rejects with.
 */
export const createRuntimeSync = (options: RuntimeOptions): Runtime => {
  const runner = makeRunnerSync(layerRuntime(options))
  return runtimeOf(runner, runner.runSync(RuntimeActor))
}

const runtimeOf = (runner: PromiseRunner<RuntimeActor>, runtime: RuntimeActor["Service"]): Runtime => {
  const { run } = runner
  const { services } = runtime
  let closing: Promise<void> | undefined

  const close = (deadlineMs: number): Promise<void> => {
    closing ??= run(runtime.drain(deadlineMs)).finally(runner.dispose)
    return closing
  }
  const handle = (actor: Parameters<typeof makeCampaignHandle>[2], campaign?: ReturnType<typeof defineCampaign>) =>
    makeCampaignHandle(runner, runtime, actor, campaign?.leadData)

  return {
    campaigns: {
      create: async (input, createOptions = {}) => {
        const campaign = defineCampaign(input)
        return handle(await run(runtime.create(campaign, createOptions)), campaign)
      },
      get: async (id) => handle(await run(runtime.campaign(id))),
      list: async () => (await run(runtime.campaigns)).map((actor) => handle(actor).status()),
    },
    executions: makeExecutionsHandle(runner, runtime),
    explain: (id) => run(runtime.explain(id)),
    suppress: (email, suppressOptions = {}) => run(suppress(services, email, suppressOptions)),
    unsuppress: (email, scope = {}) => run(unsuppress(services, email, scope)),
    receiveFeedback: (feedback) => run(runtime.receiveFeedback(feedback)),
    unsubscribe: (who) => run(unsubscribe(runtime, who)),
    signal: (input) => run(signalEvent(runtime, input)),
    receive: (message) => run(receiveMessage(runtime, message)),
    signingKeys: () => services.secrets.signingKeys,
    suppressions: {
      of: (email, scope = {}) => run(findSuppressions(services, email, scope)),
      list: () => listSuppressions(runner, services.store),
    },
    leads: {
      get: (id) => run(readLead(services, id)),
      put: (lead) => run(writeLead(runtime, lead)),
    },
    forgetLead: (lead, options = {}) => run(forgetLead(runtime, lead, options)),
    prune: (options) => run(prune(services, options)),
    settings: {
      get: (key) => run(readSetting(services, key)),
      put: (writes) => run(writeSettings(services, writes)),
      list: (prefix) => run(listSettings(services, prefix)),
    },
    sync: makeSyncHandle(runner, runtime),
    changes: (since, { limit = 1_000, signal } = {}) =>
      run(
        services.store.use((driver) => driver.changes(since, limit)),
        signal,
      ),
    endOfChanges: ({ signal } = {}) => run(endOfChanges(services.store), signal),
    templateName: (row) => run(templateNameOf(services.templates, row)),
    now: () => services.clock.currentTimeMillisUnsafe(),
    leaveStandby: () => run(runtime.leaveStandby),
    enterStandby: ({ deadlineMs = 10_000 } = {}) => run(runtime.enterStandby(deadlineMs)),
    events: (eventOptions = {}) => eventStream(runtime, () => true, eventOptions),
    health: () => run(Effect.suspend(() => runtime.health)),
    close: ({ deadlineMs = 10_000 } = {}) => close(deadlineMs),
    [Symbol.asyncDispose]: () => close(10_000),
  }
}
