import * as Effect from "effect/Effect"
import { type InvalidInput, idOf, type Lead, type LeadInput, leadSchema, parse, statusEvent } from "../../sdk/index.ts"
import { readKept } from "../events/kept-events.ts"
import { noteStatus, readEvents, type StatusNote } from "../events/lead-events.ts"
import { type SignalError, type SignallingRuntime, type SignalResult, signalEvent } from "../events/signalling.ts"

/** What storing a lead did. */
export interface LeadStored {
  /** The lead as it is stored. */
  readonly lead: Lead
  /** What its status did, which was told as an event; `null` where it is the one that was told before. */
  readonly signal: SignalResult | null
}

/**
 * Stores the lead in place of what is known about it; mails that are rendered from now on use it. A status that is new is
 * signalled as the event `status:<status>`. Which status was signalled last is remembered with the lead's events, so that
 * a write that failed half way fires it when it is repeated, and once.
 */
export const writeLead = (runtime: SignallingRuntime, input: LeadInput): Effect.Effect<LeadStored, SignalError> =>
  Effect.gen(function* () {
    const lead = yield* Effect.try({
      try: () => parse(leadSchema, input, "The lead"),
      catch: (error) => error as InvalidInput,
    })
    const { store } = runtime.services
    const status = lead.status ?? null
    const [stored] = yield* store.use((driver) => driver.documents("lead", [lead.id]))
    const { status: noted } = yield* readEvents(store, lead.id)
    const before: StatusNote = noted ?? {
      value: (stored?.value as Lead | undefined)?.status ?? null,
      version: stored?.version ?? 0,
    }
    const isNew = status !== before.value
    // Before the lead: after it nobody could tell what it was.
    if (isNew && noted === undefined) yield* noteStatus(store, lead.id, before)
    const [written] = yield* store.use((driver) =>
      driver.writeDocuments([{ kind: "lead", key: lead.id, value: { ...lead } }]),
    )
    const version = written?.version ?? 0
    if (status === null) {
      if (isNew) yield* noteStatus(store, lead.id, { value: null, version })
      return { lead, signal: null }
    }
    // Named by what was before: the same change told again is the same event, and going back to an earlier status is none.
    const id = isNew ? idOf("status", lead.id, before.version, status) : before.signal
    if (id === undefined || !(isNew || (yield* readKept(store, { lead: lead.id, id })) !== undefined))
      return { lead, signal: null }
    const signal = yield* signalEvent(
      runtime,
      { lead: lead.id, event: statusEvent(status), id },
      { status: { value: status, version, signal: id } },
    )
    return { lead, signal }
  })
