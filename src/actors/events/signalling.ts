import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  type Closed,
  type ExecutionRow,
  eventName,
  type Flag,
  type InvalidInput,
  idOf,
  type Json,
  type Lead,
  parse,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import type { LoadedDefinition } from "../campaign/definition.ts"
import { singleMailStep } from "../campaign/planner.ts"
import { enrolledAtOf } from "../campaign/succession.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { type LeadEvent, readEvents, recordEvent } from "./lead-events.ts"
import { enrollTriggered, firingTriggers, type TriggeringRuntime } from "./triggering.ts"

/** Something that happened to a lead, as users tell it. */
export interface SignalInput {
  /** The lead's id; by default its address. */
  readonly lead: string
  /** `clicked`, `replied`, `trial.started`: any name that campaigns ask for. */
  readonly event: string
  /** When it happened: epoch ms or a Date. Default: now. */
  readonly at?: number | Date | undefined
  /** The same id again is the same event. Default: made of lead, event, time and campaign. */
  readonly id?: string | undefined
  /** Only this campaign hears of it. Default: all that the lead is in. */
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
}

/** What signalling may fail with. */
export type SignalError = CampaignError | Closed | InvalidInput

/** What signalling needs of the runtime. */
export interface SignallingRuntime extends TriggeringRuntime {
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

const pageSize = 1_000

const unended = ["scheduled", "rendering", "sending", "inDoubt", "retrying"] as const

const nothing: SignalResult = { isNew: false, released: 0, cancelled: 0, enrolled: 0 }

const readSignal = (input: SignalInput, now: number): Effect.Effect<LeadEvent, InvalidInput> =>
  Effect.try({
    try: () => {
      const { lead, event, at = now, id, campaign = null } = parse(schema, input, "The signal")
      return { lead, event, at, campaign, id: id ?? idOf("signal", lead, event, at, campaign ?? "") }
    },
    catch: (error) => error as InvalidInput,
  })

/** What an event asks of one mail; `undefined` for nothing. */
const wishOf = (
  { definition }: LoadedDefinition,
  row: ExecutionRow,
  { event, at }: LeadEvent,
  now: number,
): Flag | undefined => {
  if (row.step >= singleMailStep || at < enrolledAtOf(row)) return undefined
  if (definition.goal === event) return { type: "CANCEL", by: "goal", at: now }
  if (definition.exit?.includes(event) === true) return { type: "CANCEL", by: "exit", at: now }
  return row.state === "scheduled" && definition.steps[row.step]?.waitUntil === event
    ? { type: "RESCHEDULE", at: now, dueAt: now, reason: { code: "event", text: event } }
    : undefined
}

const rowsOf = ({ store }: Pick<ProcessServices, "store">, { lead, campaign }: LeadEvent) =>
  Effect.gen(function* () {
    const rows: ExecutionRow[] = []
    let after: string | undefined
    while (true) {
      const page: ReadonlyArray<ExecutionRow> = yield* store.use((driver) =>
        driver.list({
          leadId: lead,
          buckets: unended,
          limit: pageSize,
          ...(campaign === null ? {} : { campaignId: campaign }),
          ...(after === undefined ? {} : { after }),
        }),
      )
      rows.push(...page)
      after = page.at(-1)?.id
      if (page.length < pageSize) return rows
    }
  })

// What the event asks of the lead's mails, as they stand now.
const consequencesOf = (runtime: SignallingRuntime, event: LeadEvent) =>
  Effect.gen(function* () {
    const now = runtime.services.clock.currentTimeMillisUnsafe()
    const wishes: Array<{ readonly actor: CampaignActor; readonly id: string; readonly wish: Flag }> = []
    for (const row of yield* rowsOf(runtime.services, event)) {
      const actor = yield* runtime.campaign(row.campaignId)
      const wish = wishOf(yield* actor.definitionOf(row), row, event, now)
      if (wish !== undefined) wishes.push({ actor, id: row.id, wish })
    }
    return wishes
  })

const triggersOf = (runtime: SignallingRuntime, { event, campaign }: LeadEvent) =>
  firingTriggers(runtime, (trigger, id) => trigger.event === event && (campaign === null || campaign === id))

const keep = ({ store }: Pick<ProcessServices, "store">, { id, ...event }: LeadEvent) =>
  store.use((driver) =>
    driver.writeDocuments([
      { kind: "signal", key: id, expected: 0, value: event as unknown as { readonly [key: string]: Json } },
    ]),
  )

const drawConsequences = (
  runtime: SignallingRuntime,
  event: LeadEvent,
): Effect.Effect<Omit<SignalResult, "isNew">, CampaignError | Closed> =>
  Effect.gen(function* () {
    let released = 0
    let cancelled = 0
    for (const { actor, id, wish } of yield* consequencesOf(runtime, event)) {
      const answer = yield* actor.signal(id, () => wish)
      if (answer.type !== "applied" && answer.type !== "flagged") continue
      if (wish.type === "CANCEL") cancelled += 1
      else released += 1
    }
    const { store } = runtime.services
    const firing = yield* triggersOf(runtime, event)
    const [document] = firing.length === 0 ? [] : yield* store.use((driver) => driver.documents("lead", [event.lead]))
    const enrolled =
      document === undefined ? 0 : yield* enrollTriggered(runtime, firing, document.value as unknown as Lead)
    yield* store.use((driver) => driver.writeDocuments([{ kind: "signal", key: event.id, value: null }]))
    return { released, cancelled, enrolled }
  })

/**
 * Tells the runtime what happened to a lead. Durable and idempotent: once it answers, every mail of the lead knows; the
 * same id again does nothing. A mail that waits for the event is due, an exit or goal cancels what is not sent: no mail
 * whose intent is not stored by then is sent.
 */
export const signalEvent = (runtime: SignallingRuntime, input: SignalInput): Effect.Effect<SignalResult, SignalError> =>
  Effect.gen(function* () {
    const { services } = runtime
    const event = yield* readSignal(input, services.clock.currentTimeMillisUnsafe())
    const [begun] = yield* services.store.use((driver) => driver.documents("signal", [event.id]))
    const isKnown = (yield* readEvents(services.store, event.lead)).ids.includes(event.id)
    if (isKnown && begun === undefined) return nothing
    const expected = (yield* consequencesOf(runtime, event)).length + (yield* triggersOf(runtime, event)).length
    // Written first: a process that dies in the middle goes on with it when it starts again.
    if (expected > 0) yield* keep(services, event)
    const isNew = yield* recordEvent(services.store, event)
    return { isNew, ...(yield* drawConsequences(runtime, event)) }
  })

/** Goes on with the signals whose consequences a process that died left undrawn. */
export const resumeSignals = (runtime: SignallingRuntime): Effect.Effect<void, CampaignError | Closed> =>
  Effect.gen(function* () {
    const { store } = runtime.services
    while (true) {
      const page = yield* store.use((driver) => driver.listDocuments("signal", { limit: pageSize }))
      for (const { key, value } of page) {
        const event = { ...(value as unknown as Omit<LeadEvent, "id">), id: key }
        yield* recordEvent(store, event)
        yield* drawConsequences(runtime, event)
      }
      if (page.length < pageSize) return
    }
  })
