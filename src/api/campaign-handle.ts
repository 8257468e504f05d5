import * as Effect from "effect/Effect"
import type { CampaignActor } from "../actors/campaign/campaign-actor.ts"
import {
  type PreflightOptions,
  type PreflightReport,
  preflightLeads,
  previewMail,
} from "../actors/preflight/preflight.ts"
import { type EnrollOptions, type EnrollResult, enrollLeads, type LeadSource } from "../actors/runtime/enrolling.ts"
import { type CampaignReport, reportCampaign } from "../actors/runtime/reporting.ts"
import type { RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import { type ScheduleInput, scheduleMails } from "../actors/runtime/scheduling.ts"
import { waitForState } from "../actors/runtime/waiting.ts"
import {
  type CampaignState,
  type Counts,
  type LeadInput,
  leadSchema,
  type Message,
  parse,
  type RuntimeEvent,
  type StandardSchema,
} from "../sdk/index.ts"
import { eventStream, type WaitOptions } from "./event-stream.ts"
import type { PromiseRunner } from "./promise.ts"

/** Where a campaign stands. */
export interface CampaignStatus {
  readonly id: string
  readonly state: CampaignState
  /** Why it is degraded. */
  readonly cause: string | null
  /** Whether enrolling was closed. */
  readonly closed: boolean
  /** How much faster campaign time runs than real time. */
  readonly speed: number
}

/** One campaign of a runtime. All methods reject with typed errors once the runtime is closed. */
export interface CampaignHandle {
  readonly id: string
  /** Where it stands, without asking the storage. */
  status(): CampaignStatus
  /**
   * Streams leads in; durable in batches, read no faster than they become durable. Idempotent: a lead that is enrolled
   * already counts as a duplicate and is not mailed again. In a campaign with `reentry`, who has ended would come again:
   * name the call with `entry`, and repeating it lets nobody in twice.
   *
   * @throws Conflict when the campaign is closed or cancelled; InvalidInput `source-failed` when the source throws.
   */
  enroll(
    leads: LeadSource,
    options?: WaitOptions & Pick<EnrollOptions, "onRejected" | "entry" | "again">,
  ): Promise<EnrollResult>
  /**
   * Schedules one mail of its own, outside the campaign's steps: nothing follows it, and the same lead and template twice
   * are two mails. Durable on return; answers the execution's id.
   *
   * @throws InvalidInput; RenderError or NotFound for its template; Conflict `execution-exists` when the id names another
   * mail, or when the campaign is closed or cancelled.
   */
  schedule(mail: ScheduleInput, options?: WaitOptions): Promise<string>
  /** Schedules mails in one step: all or, when it throws, none. Ids in the order given. */
  scheduleAll(mails: ReadonlyArray<ScheduleInput>, options?: WaitOptions): Promise<ReadonlyArray<string>>
  /**
   * Renders every mail for every acceptable lead, lists what fails and the leads that `enroll` would reject, and warns of what may keep a mail from being read: its
   * sender, links, size, the rules for bulk mail. Stores and sends nothing.
   */
  preflight(leads: LeadSource, options?: WaitOptions & PreflightOptions): Promise<PreflightReport>
  /** The mail of one step (counted from 0) for one lead, as it would be sent. */
  preview(lead: LeadInput, options?: WaitOptions & { readonly step?: number }): Promise<Message>
  /** This campaign's events from now on, each after it is durable. */
  events(options?: WaitOptions): AsyncIterable<RuntimeEvent>
  /** The conserved counts. */
  stats(options?: WaitOptions): Promise<Counts>
  /** How the variants of its steps did, and what its leads did against those held out. Reads all executions, page by page. */
  report(options?: WaitOptions): Promise<CampaignReport>
  /** Starts a draft. Answers whether that changed anything, as all of these do. */
  start(): Promise<boolean>
  /** Stops new starts at once; sends under way end. */
  pause(): Promise<boolean>
  /** Goes on after a pause, or after the cause of `degraded` was removed. */
  resume(): Promise<boolean>
  /** Cancels everything that has not ended. Once it answers nothing more is sent. */
  cancel(): Promise<boolean>
  /** No more leads by `enroll`: the campaign may complete. Its triggers fire all the same, and make it run again. */
  close(): Promise<boolean>
  /** Answers when every enrollment has ended (`completed`), or the campaign was cancelled. */
  completed(options?: WaitOptions): Promise<Counts>
  /** Answers when nothing can happen any more without a person or new leads: completed, held in doubt, paused, degraded. */
  settled(options?: WaitOptions): Promise<Counts>
  /** Answers when nothing is due now. */
  idle(options?: WaitOptions): Promise<Counts>
}

/** The Promise face of a campaign actor. */
export const makeCampaignHandle = (
  runner: PromiseRunner<RuntimeActor>,
  runtime: RuntimeActor["Service"],
  actor: CampaignActor,
  leadData: StandardSchema | undefined,
): CampaignHandle => {
  const { run } = runner
  const now = (): number => runtime.services.clock.currentTimeMillisUnsafe()
  const tell = (type: "START" | "PAUSE" | "RESUME" | "CLOSE"): Promise<boolean> => run(actor.tell({ type }))
  return {
    id: actor.id,
    status: () => {
      const { rest, clock } = actor.record()
      return {
        id: actor.id,
        state: rest.state,
        cause: rest.context.cause,
        closed: rest.context.closed,
        speed: clock.scale,
      }
    },
    enroll: (leads, { signal, ...options } = {}) => run(enrollLeads(actor, leads, { ...options, leadData }), signal),
    schedule: async (mail, options = {}) => {
      const [id = ""] = await run(scheduleMails(runtime.services, actor, [mail]), options.signal)
      return id
    },
    scheduleAll: (mails, options = {}) => run(scheduleMails(runtime.services, actor, mails), options.signal),
    preflight: (leads, options = {}) =>
      run(
        Effect.flatMap(actor.loaded, (loaded) =>
          preflightLeads(runtime.services, loaded, leads, leadData, now(), options),
        ),
        options.signal,
      ),
    preview: async (lead, options = {}) => {
      const checked = parse(leadSchema, lead, "The lead")
      return run(
        Effect.flatMap(actor.loaded, (loaded) =>
          previewMail(runtime.services, loaded, checked, options.step ?? 0, now()),
        ),
        options.signal,
      )
    },
    events: (options = {}) =>
      eventStream(runtime, (event) => event.type === "lagged" || event.campaignId === actor.id, options),
    stats: (options = {}) => run(actor.counts, options.signal),
    report: (options = {}) =>
      run(
        Effect.flatMap(actor.loaded, ({ definition }) => reportCampaign(runtime.services, definition)),
        options.signal,
      ),
    start: () => tell("START"),
    pause: () => tell("PAUSE"),
    resume: () => tell("RESUME"),
    cancel: () => run(actor.cancel),
    close: () => tell("CLOSE"),
    completed: (options = {}) =>
      run(
        Effect.andThen(waitForState(runtime.services, actor, ["completed", "cancelled"]), actor.counts),
        options.signal,
      ),
    settled: (options = {}) => run(Effect.andThen(actor.pump.settled.await, actor.counts), options.signal),
    idle: (options = {}) => run(Effect.andThen(actor.pump.idle.await, actor.counts), options.signal),
  }
}
