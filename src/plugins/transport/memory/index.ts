// Real time; the simulation has a model of its own.
import { setTimeout as sleep } from "node:timers/promises"
import * as z from "zod"
import { parseAddress } from "../../../sdk/domain/address.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { SendContext, Transport } from "../../../sdk/transport/transport.ts"
import { Ledger } from "./ledger.ts"

/** Decides what becomes of a send; it is called before anything is kept. */
export type OutcomeScript = (message: Message, context: SendContext) => SendOutcome | Promise<SendOutcome>

/** Options of the `memory` transport. */
export interface MemoryTransportOptions {
  /** The script of the other side; default: everything is accepted. A throw is passed on as it is. */
  readonly outcome?: OutcomeScript
  /** How many of the newest sends `sent` holds; default 1,000, minimum 0. */
  readonly keep?: number
  /** Sends that may be under way at once; default 256. */
  readonly maxConcurrency?: number
  /** Sends started per second at most; default: no limit. */
  readonly maxPerSecond?: number
  /** How long the other side takes, in milliseconds of real time, after the handoff; default 0. */
  readonly latencyMs?: number
  /** Declared upper bound of one send, in milliseconds; default 30,000. */
  readonly deadlineMs?: number
  /** Set to model a provider that knows idempotency keys: a second accepted send within `ttlMs` delivers no second copy. */
  readonly idempotent?: { readonly ttlMs: number }
  /** Whether the transport can be asked about earlier sends; default false. */
  readonly lookup?: boolean
  /** Time for the idempotency ledger, epoch milliseconds; default: the latest `date` of a message. */
  readonly now?: () => number
}

/** One mail that reached the other side. */
export interface SentMessage {
  readonly message: Message
  readonly idempotencyKey: string
  readonly attempt: number
  readonly outcome: SendOutcome
}

/** A transport whose other side is an array. */
export interface MemoryTransport extends Transport {
  /** Copies that the other side has, oldest first: accepted, or taken though the answer was unknown. Bounded by `keep`. */
  readonly sent: ReadonlyArray<SentMessage>
  /** All copies so far, also those that `sent` no longer holds. */
  readonly count: number
  /** Forgets everything. */
  reset(): void
}

const schema = z.strictObject({
  outcome: z.custom<OutcomeScript>((value) => typeof value === "function", "must be a function").optional(),
  keep: z.number().int().min(0).default(1_000),
  maxConcurrency: z.number().int().min(1).default(256),
  maxPerSecond: z.number().positive().optional(),
  latencyMs: z.number().min(0).max(2_147_483_647).default(0),
  deadlineMs: z.number().int().min(1).default(30_000),
  idempotent: z.strictObject({ ttlMs: z.number().positive() }).optional(),
  lookup: z.boolean().default(false),
  now: z.custom<() => number>((value) => typeof value === "function", "must be a function").optional(),
})

/**
 * A transport that keeps what it is given: for tests, dry runs and benchmarks.
 *
 * An `unknown` outcome counts as a copy: it models the mail that was taken before the answer was lost. A script that
 * models one that was not taken answers `rejected` or throws.
 *
 * @throws InvalidInput for options that make no sense.
 * @example
 * ```ts
 * const inbox = memory({ outcome: (mail) => mail.to.address.startsWith("full@")
 *   ? { type: "rejected", scope: "recipient", retryable: true, code: "552", enhancedCode: "5.2.2" }
 *   : { type: "accepted" } })
 * ```
 */
export const memory = (options: MemoryTransportOptions = {}): MemoryTransport => {
  const settings = parse(schema, options, 'The options of the transport "memory"')
  const { keep, idempotent, latencyMs } = settings
  const ledger = idempotent === undefined && !settings.lookup ? undefined : new Ledger(idempotent?.ttlMs)
  const script = settings.outcome ?? ((): SendOutcome => ({ type: "accepted" }))
  let sent: Array<SentMessage> = []
  let count = 0
  let latestDate = 0

  const record = (message: Message, { idempotencyKey, attempt }: SendContext, outcome: SendOutcome): void => {
    count += 1
    sent.push({ message, idempotencyKey, attempt, outcome })
    // Cut in large steps: a shift per mail would move the whole array each time.
    if (sent.length > keep * 2 + 16) sent = keep === 0 ? [] : sent.slice(-keep)
  }

  const send = async (message: Message, context: SendContext): Promise<SendOutcome> => {
    if (context.signal.aborted)
      return { type: "rejected", scope: "host", retryable: true, code: "aborted", response: "the send was aborted" }
    const refused = refusalOf(message)
    if (refused !== undefined) return refused
    latestDate = Math.max(latestDate, message.date)
    const now = settings.now?.() ?? latestDate
    const repeated = idempotent !== undefined && ledger?.find(context.idempotencyKey, now) !== undefined
    context.handoff()
    if (repeated) return { type: "accepted", providerId: context.idempotencyKey }
    if (latencyMs > 0 && !(await waited(latencyMs, context.signal)))
      return { type: "unknown", stage: "data-sent", reason: "aborted" }
    const outcome = await script(message, context)
    if (outcome.type === "rejected") return outcome
    record(message, context, outcome)
    ledger?.enter(context.idempotencyKey, now)
    return outcome
  }

  return {
    name: "memory",
    capabilities: {
      maxConcurrency: settings.maxConcurrency,
      ...(settings.maxPerSecond === undefined ? {} : { maxPerSecond: settings.maxPerSecond }),
      deadlineMs: settings.deadlineMs,
      signalsHandoff: true,
      ...(idempotent === undefined ? {} : { idempotent }),
    },
    send,
    ...(settings.lookup
      ? {
          lookup: async ({ idempotencyKey }) =>
            ledger?.find(idempotencyKey) === undefined
              ? { type: "notFound" }
              : { type: "accepted", providerId: idempotencyKey },
        }
      : {}),
    verify: async () => undefined,
    close: async () => {},
    get sent() {
      return keep === 0 ? [] : sent.slice(-keep)
    },
    get count() {
      return count
    },
    reset: () => {
      sent = []
      count = 0
      ledger?.clear()
    },
  }
}

// As every transport: a recipient is one mailbox, whatever comes here without the runtime's own check.
const refusalOf = ({ envelope }: Message): SendOutcome | undefined => {
  try {
    parseAddress(envelope.to)
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    return { type: "rejected", scope: "recipient", retryable: false, code: error.code, response: error.message }
  }
}

/** False when the signal ended the wait. */
const waited = async (latencyMs: number, signal: AbortSignal): Promise<boolean> => {
  try {
    await sleep(latencyMs, undefined, { signal })
    return true
  } catch {
    // The only way for a sleep to fail is the signal.
    return false
  }
}
