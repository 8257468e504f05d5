import type { Message } from "./message.ts"
import type { SendOutcome } from "./outcome.ts"

/** What a transport can do; decides how doubt is resolved and how much is under way at once. */
export interface TransportCapabilities {
  /** Sends that may be under way at once; at least 1. A kill puts at most this many in doubt. */
  readonly maxConcurrency: number
  /** Sends started per second at most; default: no limit. */
  readonly maxPerSecond?: number
  /** Upper bound of one `send`, in milliseconds, after which it is aborted. The lease outlives it. */
  readonly deadlineMs: number
  /**
   * Whether `send` calls `handoff()`. When false, every throw is treated as in doubt, since nobody can tell whether
   * the mail had left.
   */
  readonly signalsHandoff: boolean
  /** Set when a second send with the same `idempotencyKey` within `ttlMs` of the first delivers no second copy. */
  readonly idempotent?: { readonly ttlMs: number }
}

/** What a send is told beside the message. */
export interface SendContext {
  /** Fires at the deadline or when the runtime gives up waiting. */
  readonly signal: AbortSignal
  /** The same for all attempts of one execution. */
  readonly idempotencyKey: string
  /** Ordinal of this attempt, counted from 1. */
  readonly attempt: number
  /**
   * Call it in the moment before the other side may have the whole mail (SMTP: before the final dot goes to the
   * socket; HTTP: before the request body's end). A throw before it is retried; a throw after it is in doubt.
   */
  readonly handoff: () => void
}

/** Answer of a `lookup`: evidence about an earlier attempt. */
export type LookupResult =
  | { readonly type: "accepted"; readonly providerId?: string }
  | { readonly type: "notFound" }
  | { readonly type: "unknown" }

/**
 * Hands mail to the outside world.
 *
 * `send` answers with a {@link SendOutcome} and throws only on defects: a throw before `handoff()` counts as a
 * retryable rejection, after it as unknown (see `signalsHandoff`). It must never send more than one copy in one call.
 */
export interface Transport {
  /** Short name for errors and history, for example `smtp`. */
  readonly name: string
  readonly capabilities: TransportCapabilities
  /** Sends one mail once. Called at most `maxConcurrency` times at once. */
  send(message: Message, context: SendContext): Promise<SendOutcome>
  /** Asks whether an earlier attempt with this key was taken. Present only when the other side can be asked. */
  lookup?(query: {
    readonly idempotencyKey: string
    readonly messageId: string
    readonly signal: AbortSignal
  }): Promise<LookupResult>
  /** Connects and authenticates without sending; answers with the rejection that a send would get, or nothing. */
  verify?(signal: AbortSignal): Promise<Extract<SendOutcome, { type: "rejected" }> | undefined>
  /** Gives back connections. Called once, after the last `send` has ended or was given up. */
  close?(): Promise<void>
}
