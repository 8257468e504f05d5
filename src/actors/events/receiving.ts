import * as Effect from "effect/Effect"
import * as z from "zod"
import { isAutomatic } from "../../feedback/automatic.ts"
import { type InboundMessage, messageNameOf } from "../../feedback/inbound-message.ts"
import { executionOfMessageId } from "../../feedback/our-message.ts"
import {
  addressKey,
  type ExecutionRow,
  InvalidInput,
  idOf,
  type Lead,
  leadSchema,
  type Mailbox,
  matchesMail,
  parse,
  parseMailbox,
} from "../../sdk/index.ts"
import { readLead } from "../stored-lead.ts"
import { type SignalError, type SignallingRuntime, signalEvent } from "./signalling.ts"
import { firingTriggers } from "./triggering.ts"

/**
 * A mail that came in: as `parseInbound` of `sendstate/feedback` answers it, or as far as the host has parsed it itself. What
 * is left out tells nothing: without `headers` and `parts` only the sender's address shows a program.
 */
export interface ReceivedMessage extends Partial<InboundMessage> {
  /** `bob@example.test` or `Bob <bob@example.test>`. */
  readonly from: string
  /** The id of the lead who wrote it, where the host knows. Default: whose mail it answers, else who has the sender's address as id. */
  readonly lead?: string | undefined
}

/** What an inbound mail did. */
export interface ReceiveResult {
  /** The lead that wrote it; `null` for nobody that is known, and where it was ignored. */
  readonly lead: string | null
  /** The execution that it answers; `null` where it does not say so. */
  readonly answers: string | null
  /** Campaigns that its triggers enrolled the sender into. */
  readonly enrolled: number
  /** What triggers of the host started that is new. */
  readonly started: number
  /** Mails that were cancelled, because `replied` is an exit or a goal of their campaign. */
  readonly cancelled: number
  /**
   * Why it did nothing; `null` where it was taken in. `automatic`: a program wrote it, such as an out-of-office answer, a
   * report, a list; give it to `receiveFeedback`, which knows bounces and complaints. `no-sender`: it names no address that
   * could be mailed, and `lead` no lead that is stored. `own`: it is a mail of ours. `unknown-sender`: no lead wrote it, and no
   * campaign's trigger asks for it.
   */
  readonly ignored: "automatic" | "no-sender" | "own" | "unknown-sender" | null
}

// Whoever writes a mail decides what is in it: what is too long is cut, never a reason to fail.
const schema = z.strictObject({
  messageId: z.string().min(1).optional(),
  from: z.string(),
  to: z.array(z.string()).default([]),
  subject: z
    .string()
    .default("")
    .transform((subject) => subject.slice(0, 2_000)),
  inReplyTo: z.string().optional(),
  references: z
    .array(z.string())
    .default([])
    .transform((references) => references.slice(-1_000)),
  date: z.number().optional(),
  text: z.string().default(""),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .transform((headers) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    ),
  parts: z.array(z.object({ contentType: z.string(), content: z.instanceof(Uint8Array) })).default([]),
  lead: z.string().min(1).max(320).optional(),
})

type Message = z.infer<typeof schema>

/** The event that a lead's answer is. */
const replied = "replied"

const readSender = (from: string): Mailbox | undefined => {
  try {
    return parseMailbox(from)
  } catch (error) {
    // What other programs write as an address may be none.
    if (error instanceof InvalidInput) return undefined
    throw error
  }
}

// Our own mail, or the one of ours that it answers: In-Reply-To, then the latest reference.
const oursIn = ({ services }: SignallingRuntime, { messageId, inReplyTo, references }: Message) => {
  const own = messageId === undefined ? undefined : executionOfMessageId(messageId)
  const ids = [inReplyTo ?? "", ...references.toReversed()].flatMap(
    (reference) => executionOfMessageId(reference) ?? [],
  )
  if (own === undefined && ids.length === 0) return Effect.succeed({ isOwn: false, answered: undefined })
  return Effect.map(
    services.store.use((driver) => driver.get([...ids, ...(own === undefined ? [] : [own])])),
    (rows) => ({
      isOwn: own !== undefined && rows[ids.length] !== undefined,
      answered: rows.slice(0, ids.length).find((row) => row !== undefined),
    }),
  )
}

const ignored = (reason: Exclude<ReceiveResult["ignored"], null>, answers: string | null = null): ReceiveResult => ({
  lead: null,
  answers,
  enrolled: 0,
  started: 0,
  cancelled: 0,
  ignored: reason,
})

// A name that no lead may have is left out: it is no reason to lose the mail.
const leadOf = ({ address: email, name }: Mailbox, id: string | undefined): Effect.Effect<Lead, InvalidInput> =>
  Effect.try({
    try: () => {
      const bare = { email, ...(id === undefined ? {} : { id }) }
      const named = leadSchema.safeParse({ ...bare, name })
      return named.success ? named.data : parse(leadSchema, bare, "The sender")
    },
    catch: (error) => error as InvalidInput,
  })

/**
 * When it came, as far as its Date may be believed: not before the mail that it answers, and not in the future.
 */
const cameAt = ({ date }: Message, answered: ExecutionRow | undefined, now: number): number =>
  Math.min(Math.max(date ?? now, answered?.createdAt ?? 0), now)

/**
 * Takes in a mail from a lead: signals `replied` for whoever wrote it, and fires the triggers that match its subject and
 * sender; a sender that is no lead yet becomes one by that. What a program wrote is ignored: it is nobody's reply, and
 * answering it might go on for ever. Durable and idempotent by the message's id, or its content where it has none.
 */
export const receiveMessage = (
  runtime: SignallingRuntime,
  input: ReceivedMessage,
): Effect.Effect<ReceiveResult, SignalError> =>
  Effect.gen(function* () {
    const message = yield* Effect.try({
      try: () => parse(schema, input, "The inbound message"),
      catch: (error) => error as InvalidInput,
    })
    const sender = readSender(message.from)
    if (isAutomatic({ ...message, from: sender?.address ?? message.from })) return ignored("automatic")
    const who = message.lead ?? (sender && addressKey(sender.address))
    if (who === undefined) return ignored("no-sender")
    const { isOwn, answered } = yield* oursIn(runtime, message)
    if (isOwn) return ignored("own")
    const known = yield* readLead(runtime.services, message.lead ?? answered?.leadId ?? who)
    const firing = yield* firingTriggers(runtime, (trigger) => matchesMail(trigger, message))
    if (known === undefined && message.lead === undefined && firing.length === 0)
      return ignored("unknown-sender", answered?.id ?? null)
    const lead = known ?? (sender && (yield* leadOf(sender, message.lead)))
    if (lead === undefined) return ignored("no-sender", answered?.id ?? null)
    const stranger = known === undefined ? { sender: lead } : {}
    const { cancelled, enrolled, started } = yield* signalEvent(
      runtime,
      {
        lead: lead.id,
        event: replied,
        id: idOf("message", messageNameOf(message)),
        at: cameAt(message, answered, runtime.services.clock.currentTimeMillisUnsafe()),
        ...(answered === undefined ? {} : { campaign: answered.campaignId }),
      },
      { mail: { subject: message.subject, from: message.from, ...stranger } },
    )
    return { lead: lead.id, answers: answered?.id ?? null, enrolled, started, cancelled, ignored: null }
  })
