import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  type Closed,
  type ExecutionRow,
  eventName,
  type Flag,
  InvalidInput,
  idOf,
  matchesMail,
  openBuckets,
  parse,
  type StorageError,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import type { LoadedDefinition } from "../campaign/definition.ts"
import { singleMailStep } from "../campaign/planner.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { persist } from "../execution/save.ts"
import { eachPageOfRows } from "../pages.ts"
import { leadIdOf, readLead } from "../stored-lead.ts"
import { Synchronous } from "../synchronous.ts"
import { hears } from "./hearing.ts"
import { dropEvent, eachKept, type KeptEvent, keepEvent, markDrawn, readKept, settleEntries } from "./kept-events.ts"
import { type LeadEvent, readEvents, recordEvent } from "./lead-events.ts"
import { hostTriggersOf, type StartingRuntime, startTriggered } from "./starting.ts"
import { enrollTriggered, entriesFor, type Firing, firingTriggers, type TriggeringRuntime } from "./triggering.ts"

/** Something that happened to a lead, as users tell it. */
export interface SignalInput {
  /** The lead's id; by default its address, which may be written in any case. */
  readonly lead: string
  /** `clicked`, `replied`, `trial.started`: any name that campaigns ask for. */
  readonly event: string
  /** When it happened: epoch ms or a Date, at most 5 minutes ahead of the runtime's clock. Default: now. */
  readonly at?: number | Date | undefined
  /** The same id again is the same event. Default: made of lead, event, time and campaign. */
  readonly id?: string | undefined
  /** Only this campaign hears of it, and triggers of the host. Default: all that the lead is in. */
  readonly campaign?: string | undefined
}

/** What a signal did. */
export interface SignalResult {
  /** `false` for one that was known already: it did nothing. */
  readonly isNew: boolean
  /** Mails that waited for it and are due now. */
  readonly released: number
  /** Mails that it cancelled, because the lead's way through their campaign has ended. */
  readonly cancelled: number
  /** Campaigns that it enrolled the lead into, by their triggers. */
  readonly enrolled: number
  /** What triggers of the host started that is new. */
  readonly started: number
  /**
   * A trigger asks for this lead, which is not stored: nobody was enrolled, nothing started, and the id is not used up. Store
   * the lead, and tell it again.
   */
  readonly unknownLead?: true
}

/** What signalling may fail with. */
export type SignalError = CampaignError | Closed | InvalidInput

/** What signalling needs of the runtime. */
export interface SignallingRuntime extends TriggeringRuntime {
  readonly services: TriggeringRuntime["services"] & StartingRuntime["services"] & Pick<ProcessServices, "fork">
  readonly campaign: (id: string) => Effect.Effect<CampaignActor, CampaignError | Closed>
}

const schema = z.strictObject({
  lead: z.string().min(1).max(320),
  event: eventName,
  at: z
    .union([z.number(), z.date().transform((date) => date.getTime())])
    .pipe(z.number().min(-8.64e15).max(8.64e15).transform(Math.round))
    .optional(),
  id: z.string().min(1).max(200).optional(),
  campaign: z.string().min(1).max(100).optional(),
})

const nothing: SignalResult = { isNew: false, released: 0, cancelled: 0, enrolled: 0, started: 0 }

/** How far ahead the clock of whoever tells it may be, milliseconds. What lies further ahead would be recent for long. */
const clockSkewMs = 5 * 60_000

const notYet = (): InvalidInput =>
  new InvalidInput({
    code: "future-event",
    retryable: false,
    issues: [{ path: "at", message: "lies in the future" }],
    message: "The signal is refused: `at` lies in the future. Give the time at which it happened, or leave it out.",
  })

const readSignal = (
  { store, clock }: SignallingRuntime["services"],
  input: SignalInput,
): Effect.Effect<LeadEvent, InvalidInput | StorageError> =>
  Effect.gen(function* () {
    const now = clock.currentTimeMillisUnsafe()
    const {
      lead: named,
      event,
      at = now,
      id,
      campaign = null,
    } = yield* Effect.try({
      try: () => parse(schema, input, "The signal"),
      catch: (error) => error as InvalidInput,
    })
    if (at > now + clockSkewMs) return yield* Effect.fail(notYet())
    const lead = yield* leadIdOf({ store }, named)
    return { lead, event, at, campaign, id: id ?? idOf("signal", lead, event, at, campaign ?? "") }
  })

/** What an event asks of one mail; `undefined` for nothing. */
const wishOf = (
  { definition }: LoadedDefinition,
  row: ExecutionRow,
  told: LeadEvent,
  now: number,
): Flag | undefined => {
  const { event, at } = told
  if (row.step >= singleMailStep || !hears(row, told)) return undefined
  if (definition.goal === event) return { type: "CANCEL", by: "goal", at: now }
  if (definition.exit?.includes(event) === true) return { type: "CANCEL", by: "exit", at: now }
  const isAwaited = definition.steps[row.step]?.waitUntil === event && at >= (row.context.awaitsSince ?? at)
  return row.state === "scheduled" && isAwaited
    ? { type: "RESCHEDULE", at: now, dueAt: now, reason: { code: "event", text: event } }
    : undefined
}

const rowsOf = (services: Pick<ProcessServices, "store">, { lead, campaign }: LeadEvent) =>
  Effect.gen(function* () {
    const rows: ExecutionRow[] = []
    const query = { leadId: lead, buckets: openBuckets, ...(campaign === null ? {} : { campaignId: campaign }) }
    yield* eachPageOfRows(services, query, (page) =>
      Effect.sync(() => {
        rows.push(...page)
      }),
    )
    return rows
  })

/** A wish that an event has about one mail. */
interface Consequence {
  readonly actor: CampaignActor
  readonly id: string
  readonly wish: Flag
}

// Its successor may be planned by somebody who has read the lead's events before this one.
const mayPlanWaiting = ({ definition }: LoadedDefinition, row: ExecutionRow, told: LeadEvent): boolean =>
  row.owner !== null &&
  row.step < singleMailStep &&
  hears(row, told) &&
  definition.steps.some(({ waitUntil }, index) => index > row.step && waitUntil === told.event)

// What the event asks of the lead's mails, as they stand now.
const consequencesOf = (runtime: SignallingRuntime, event: LeadEvent) =>
  Effect.gen(function* () {
    const now = runtime.services.clock.currentTimeMillisUnsafe()
    const wishes: Consequence[] = []
    const underWay: ExecutionRow[] = []
    for (const row of yield* rowsOf(runtime.services, event)) {
      const actor = yield* runtime.campaign(row.campaignId)
      const loaded = yield* actor.definitionOf(row)
      const wish = wishOf(loaded, row, event, now)
      if (wish !== undefined) wishes.push({ actor, id: row.id, wish })
      else if (mayPlanWaiting(loaded, row, event)) underWay.push(row)
    }
    return { wishes, underWay }
  })

const triggersOf = (runtime: SignallingRuntime, { event, campaign, mail }: KeptEvent) =>
  firingTriggers(
    runtime,
    (trigger, id) =>
      (trigger.event === event && (campaign === null || campaign === id)) ||
      (mail !== undefined && matchesMail(trigger, mail)),
  )

/** Whether a trigger asks for a lead that is not stored. */
const lacksLead = (runtime: SignallingRuntime, event: KeptEvent, firing: ReadonlyArray<Firing>) =>
  firing.length + hostTriggersOf(runtime, event).length === 0 || event.mail !== undefined
    ? Effect.succeed(false)
    : Effect.map(readLead(runtime.services, event.lead), (lead) => lead === undefined)

const fireTriggers = (runtime: SignallingRuntime, event: KeptEvent) =>
  Effect.gen(function* () {
    const firing = yield* triggersOf(runtime, event)
    const lead =
      firing.length === 0 ? undefined : ((yield* readLead(runtime.services, event.lead)) ?? event.mail?.sender)
    if (lead === undefined) return 0
    const entries = yield* settleEntries(runtime.services.store, event, yield* entriesFor(runtime, firing, lead))
    return entries === undefined ? 0 : yield* enrollTriggered(runtime, firing, lead, entries, event)
  })

const grantWishes = (wishes: ReadonlyArray<Consequence>) =>
  Effect.gen(function* () {
    let released = 0
    let cancelled = 0
    for (const { actor, id, wish } of wishes) {
      const answer = yield* actor.signal(id, () => wish)
      if (answer.type !== "applied" && answer.type !== "flagged") continue
      if (wish.type === "CANCEL") cancelled += 1
      else released += 1
    }
    return { released, cancelled }
  })

/** Between two looks at mails that are under way, milliseconds. */
const lookAgainMs = 1_000

// What is left is the host's to start: a row, until it has answered.
const endDrawing = ({ services }: SignallingRuntime, event: KeptEvent, isLeft: boolean) =>
  isLeft
    ? Effect.map(markDrawn(services.store, event), () => void services.hostStarts.left.openUnsafe())
    : dropEvent(services.store, event)

// The event stays kept until those mails have come to rest: what they plan is looked at then, also after a restart.
const lookAgain = (
  runtime: SignallingRuntime,
  event: KeptEvent,
  underWay: ReadonlyArray<ExecutionRow>,
  isLeft: boolean,
): Effect.Effect<void, CampaignError | Closed> =>
  Effect.gen(function* () {
    const { store } = runtime.services
    let held: ReadonlyArray<ExecutionRow> = underWay
    while (held.length > 0) {
      yield* Effect.sleep(lookAgainMs)
      const ids = held.map(({ id }) => id)
      const rows = yield* store.use((driver) => driver.get(ids))
      held = held.filter(({ token }, index) => rows[index]?.owner != null && rows[index]?.token === token)
    }
    const { wishes } = yield* consequencesOf(runtime, event)
    yield* grantWishes(wishes)
    yield* endDrawing(runtime, event, isLeft)
  })

/** What the host starts; where nobody can wait for it, it is left for later. */
const startByHost = (runtime: SignallingRuntime, event: KeptEvent, canWait: boolean) =>
  Effect.gen(function* () {
    if (canWait && !(yield* Synchronous)) return yield* startTriggered(runtime, event)
    return { started: 0, isLeft: hostTriggersOf(runtime, event).length > 0 }
  })

const drawConsequences = (
  runtime: SignallingRuntime,
  event: KeptEvent,
  { unknownLead, canWait }: { readonly unknownLead: boolean; readonly canWait: boolean },
): Effect.Effect<Omit<SignalResult, "isNew">, CampaignError | Closed> =>
  Effect.gen(function* () {
    const { wishes, underWay } = yield* consequencesOf(runtime, event)
    const granted = yield* grantWishes(wishes)
    const enrolled = unknownLead ? 0 : yield* fireTriggers(runtime, event)
    const { started, isLeft } = unknownLead
      ? { started: 0, isLeft: false }
      : yield* startByHost(runtime, event, canWait)
    if (underWay.length === 0) yield* endDrawing(runtime, event, isLeft)
    else runtime.services.fork(persist(runtime.services, lookAgain(runtime, event, underWay, isLeft)))
    return { ...granted, enrolled, started, ...(unknownLead ? { unknownLead } : {}) }
  })

/**
 * Tells the runtime what happened to a lead. Durable and idempotent: once it answers, every mail of the lead knows; the
 * same id again does nothing. A mail that waits for the event is due, an exit or goal cancels what is not sent: no mail
 * whose intent is not stored by then is sent. `more`: the inbound mail that the event is, which fires triggers too, or the
 * status.
 */
export const signalEvent = (
  runtime: SignallingRuntime,
  input: SignalInput,
  more: Pick<KeptEvent, "mail" | "status"> = {},
): Effect.Effect<SignalResult, SignalError> =>
  Effect.gen(function* () {
    const { store } = runtime.services
    const told = yield* readSignal(runtime.services, input)
    const event: KeptEvent = { ...told, ...more }
    if (event.campaign !== null) yield* runtime.campaign(event.campaign)
    const isKnown = (yield* readEvents(store, event.lead)).ids.includes(event.id)
    const kept = isKnown ? yield* readKept(store, event) : undefined
    if (isKnown && kept === undefined) return nothing
    if (kept?.isDrawn === true) {
      const { started, isLeft } = yield* startByHost(runtime, kept, true)
      yield* endDrawing(runtime, kept, isLeft)
      return { ...nothing, started }
    }
    const { wishes, underWay } = yield* consequencesOf(runtime, event)
    const firing = yield* triggersOf(runtime, event)
    const unknownLead = yield* lacksLead(runtime, event, firing)
    const fired = unknownLead ? 0 : firing.length + hostTriggersOf(runtime, event).length
    const expected = wishes.length + underWay.length + fired
    // Written first: a process that dies in the middle goes on with it when it starts again.
    const keeps = expected > 0 && (yield* keepEvent(store, event))
    const isNew = yield* recordEvent(store, event, { again: unknownLead })
    // Somebody else told it at the same time, and has drawn all that follows.
    if (!isNew && keeps) {
      yield* dropEvent(store, event)
      return nothing
    }
    return { isNew, ...(yield* drawConsequences(runtime, event, { unknownLead, canWait: true })) }
  })

/** Goes on with the signals whose consequences a process that died left undrawn. */
export const resumeSignals = (runtime: SignallingRuntime): Effect.Effect<void, CampaignError | Closed> =>
  persist(
    runtime.services,
    eachKept(runtime.services.store, (event) =>
      Effect.gen(function* () {
        if (event.isDrawn === true) return void runtime.services.hostStarts.left.openUnsafe()
        const unknownLead = yield* lacksLead(runtime, event, yield* triggersOf(runtime, event))
        yield* recordEvent(runtime.services.store, event, { again: unknownLead })
        // A host that does not answer holds up no other event.
        yield* drawConsequences(runtime, event, { unknownLead, canWait: false })
      }).pipe(
        // One that cannot be drawn holds up no other.
        Effect.catchTag("NotFound", (error) => Effect.sync(() => runtime.services.problems.report(error.message))),
      ),
    ),
  )
