import * as Effect from "effect/Effect"
import * as z from "zod"
import { addressKey, type InvalidInput, idOf, leadSchema, matchesMail, parse, parseMailbox } from "../../sdk/index.ts"
import { readLead } from "../stored-lead.ts"
import { type SignalError, type SignallingRuntime, signalEvent } from "./signalling.ts"
import { firingTriggers } from "./triggering.ts"

/** A mail that came in, parsed by whoever received it. */
export interface InboundMessage {
  /** Its Message-ID, or any other name that it alone has: the same id again does nothing. */
  readonly id: string
  /** `Bob <bob@example.test>`. */
  readonly from: string
  readonly subject?: string | undefined
  /** The id of the lead who wrote it, where the host knows. Default: whose mail it answers, else who has the sender's address as id. */
  readonly lead?: string | undefined
  /** Message-IDs of its In-Reply-To and References headers: tell which mail it answers. */
  readonly references?: ReadonlyArray<string> | undefined
  /** When it was received: epoch ms or a Date. Default: now. */
  readonly at?: number | Date | undefined
}

/** What an inbound mail did. */
export interface ReceiveResult {
  /** The lead that wrote it; `null` for nobody that is known. */
  readonly lead: string | null
  /** The execution that it answers; `null` where it does not say so. */
  readonly answers: string | null
  /** Campaigns that its triggers enrolled the sender into. */
  readonly enrolled: number
  /** Mails that were cancelled, because `replied` is an exit or a goal of their campaign. */
  readonly cancelled: number
}

const schema = z.strictObject({
  id: z.string().min(1).max(1_000),
  from: z.string().min(3).max(1_000),
  subject: z.string().max(2_000).default(""),
  lead: z.string().min(1).max(320).optional(),
  references: z.array(z.string().max(1_000)).max(1_000).default([]),
  at: z.union([z.number(), z.date()]).optional(),
})

/** The event that a lead's answer is. */
const replied = "replied"

const executionIdIn = (messageId: string): string | undefined => /^\s*<?([^@<>\s]{1,100})@/.exec(messageId)?.[1]

// The latest of our own mails that the message refers to.
const answeredBy = ({ services }: SignallingRuntime, references: ReadonlyArray<string>) => {
  const ids = references.flatMap((reference) => executionIdIn(reference) ?? [])
  return ids.length === 0
    ? Effect.succeed(undefined)
    : Effect.map(
        services.store.use((driver) => driver.get(ids)),
        (rows) => rows.findLast((row) => row !== undefined),
      )
}

/**
 * Takes in a mail from a lead: signals `replied` for whoever wrote it, and fires the triggers that match its subject and
 * sender; a sender that is no lead yet becomes one by that. Durable and idempotent by the message's id.
 */
export const receiveMessage = (
  runtime: SignallingRuntime,
  input: InboundMessage,
): Effect.Effect<ReceiveResult, SignalError> =>
  Effect.gen(function* () {
    const { message, mailbox } = yield* Effect.try({
      try: () => {
        const message = parse(schema, input, "The inbound message")
        return { message, mailbox: parseMailbox(message.from) }
      },
      catch: (error) => error as InvalidInput,
    })
    const answered = yield* answeredBy(runtime, message.references)
    const known = yield* readLead(runtime.services, message.lead ?? answered?.leadId ?? addressKey(mailbox.address))
    const firing = yield* firingTriggers(runtime, (trigger) => matchesMail(trigger, message))
    if (known === undefined && message.lead === undefined && firing.length === 0)
      return { lead: null, answers: answered?.id ?? null, enrolled: 0, cancelled: 0 }
    const lead =
      known ??
      parse(
        leadSchema,
        {
          email: mailbox.address,
          ...(message.lead === undefined ? {} : { id: message.lead }),
          ...(mailbox.name === undefined ? {} : { name: mailbox.name }),
        },
        "The sender",
      )
    const { cancelled, enrolled } = yield* signalEvent(
      runtime,
      {
        lead: lead.id,
        event: replied,
        id: idOf("message", message.id),
        ...(message.at === undefined ? {} : { at: message.at }),
        ...(answered === undefined ? {} : { campaign: answered.campaignId }),
      },
      { mail: { subject: message.subject, from: message.from, sender: lead } },
    )
    return { lead: lead.id, answers: answered?.id ?? null, enrolled, cancelled }
  })
