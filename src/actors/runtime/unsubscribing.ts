import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  Conflict,
  type InvalidInput,
  idOf,
  type Lead,
  NotFound,
  parse,
  type StorageError,
  topicSchema,
  type Unsubscription,
} from "../../sdk/index.ts"
import { type SignalError, signalEvent } from "../events/signalling.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { readLead } from "../stored-lead.ts"
import { addToRecord, heardOf, mailRecord } from "./feedback-record.ts"
import type { FeedbackRuntime } from "./receiving-feedback.ts"
import { suppressKey } from "./suppressing.ts"

/** Everything that unsubscribing may fail with. */
export type UnsubscribeError = SignalError

const schema = z.object({
  leadId: z.string().min(1).max(320),
  topic: topicSchema.nullable(),
  executionId: z.string().min(1).max(200).optional(),
  suppressionKey: z
    .string()
    .regex(/^keyed:[0-9a-f]{40}$/, "is no entry of a suppression list")
    .optional(),
})

// The stored address, and the one that the host's own directory gives: the next mail would go there.
const addressesOf = (
  services: ProcessServices,
  leadId: string,
): Effect.Effect<ReadonlyArray<string>, StorageError | Conflict> =>
  Effect.gen(function* () {
    const stored = yield* readLead(services, leadId)
    const current: Lead | undefined =
      services.leadOf === undefined
        ? undefined
        : yield* Effect.mapError(
            services.leadOf(leadId),
            ({ code, retryable }) =>
              new Conflict({
                code,
                retryable,
                differences: [],
                message: "The directory of leads did not tell the lead's present address. Ask again.",
              }),
          )
    return [stored, current].flatMap((lead) => (lead === undefined ? [] : [lead.email]))
  })

/**
 * Suppresses a lead for a topic, or for everything. Durable on return: nothing of it is sent afterwards. Idempotent. A
 * signed link names the entry of the address that it was mailed to, so that it works whatever became of the lead.
 */
export const unsubscribe = (runtime: FeedbackRuntime, who: Unsubscription): Effect.Effect<void, UnsubscribeError> =>
  Effect.gen(function* () {
    const { services } = runtime
    const { leadId, topic, executionId, suppressionKey } = yield* Effect.try({
      try: () => parse(schema, who, "Who unsubscribes"),
      catch: (error) => error as InvalidInput,
    })
    const entry = { topic, reason: "unsubscribed" }
    if (suppressionKey !== undefined) yield* suppressKey(services, suppressionKey, entry)
    const addresses = yield* addressesOf(services, leadId)
    if (suppressionKey === undefined && addresses.length === 0)
      return yield* Effect.fail(
        new NotFound({
          kind: "lead",
          key: leadId,
          code: "lead-missing",
          retryable: false,
          message: "There is no such lead in this storage, so that its address is not known: suppress the address.",
        }),
      )
    for (const address of addresses)
      yield* suppressKey(services, yield* services.secrets.suppressionKey(address, topic), entry)
    const [row] = executionId === undefined ? [] : yield* services.store.use((driver) => driver.get([executionId]))
    if (row === undefined) return
    const id = `unsubscribed:${row.id}`
    const now = services.clock.currentTimeMillisUnsafe()
    yield* addToRecord(services, mailRecord(row.id), heardOf({ id, type: "unsubscribed" }, now, row.id))
    yield* signalEvent(runtime, {
      lead: row.leadId,
      event: "unsubscribed",
      at: now,
      id: idOf("feedback", id),
      campaign: row.campaignId,
    })
  })
