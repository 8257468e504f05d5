import * as Effect from "effect/Effect"
import { type InvalidInput, idOf, type Lead, type LeadInput, leadSchema, parse, statusEvent } from "../../sdk/index.ts"
import { type SignalError, type SignallingRuntime, signalEvent } from "../events/signalling.ts"
import { readLead } from "../stored-lead.ts"

/**
 * Stores the lead in place of what is known about it; mails that are rendered from now on use it. A status that is new is
 * signalled as the event `status:<status>`.
 */
export const writeLead = (runtime: SignallingRuntime, input: LeadInput): Effect.Effect<Lead, SignalError> =>
  Effect.gen(function* () {
    const lead = yield* Effect.try({
      try: () => parse(leadSchema, input, "The lead"),
      catch: (error) => error as InvalidInput,
    })
    const { store } = runtime.services
    const before = yield* readLead(runtime.services, lead.id)
    const [written] = yield* store.use((driver) =>
      driver.writeDocuments([{ kind: "lead", key: lead.id, value: { ...lead } }]),
    )
    // Named by the write: the same status again is no event, and going back to an earlier one is.
    if (lead.status !== undefined && lead.status !== before?.status)
      yield* signalEvent(runtime, {
        lead: lead.id,
        event: statusEvent(lead.status),
        id: idOf("status", lead.id, written?.version ?? 0),
      })
    return lead
  })
