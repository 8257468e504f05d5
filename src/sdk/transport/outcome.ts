/** Who a rejection is about; decides what reacts: the execution, the campaign or the circuit. */
export type RejectionScope =
  /** This one mailbox: unknown user, mailbox full. */
  | "recipient"
  /** Who sends, or what: policy, reputation, content. */
  | "sender"
  /** The server: unreachable, overloaded, closing. Waits behind the circuit; uses up no lead's attempts. */
  | "host"
  /** How we are set up: wrong password, TLS missing, bad host name. Pauses the campaign with one cause; uses up no lead's attempts. */
  | "config"

/** The other side has taken responsibility for the mail. */
export interface Accepted {
  readonly type: "accepted"
  /** The provider's own id of the message, when it gives one. */
  readonly providerId?: string
  /** The final reply as received, multi-line replies whole. */
  readonly response?: string
}

/** The other side has certainly not taken the mail. */
export interface Rejected {
  readonly type: "rejected"
  readonly scope: RejectionScope
  /** Whether the same mail may be accepted later; for `host` and `config`: once the cause is gone. */
  readonly retryable: boolean
  /** The other side's wish for the delay, in milliseconds; bounds the retry delay from below. */
  readonly retryAfterMs?: number
  /** Stable reason: the SMTP reply code as text (`450`), or a word (`connection-refused`, `auth`, `tls`, ...). */
  readonly code: string
  /** RFC 3463 status, for example `5.1.1`, when the reply has one. */
  readonly enhancedCode?: string
  /** The reply or error text, whole. */
  readonly response?: string
}

/** The mail may or may not have been taken: after handoff there was no complete final reply. */
export interface Unknown {
  readonly type: "unknown"
  /** How far the attempt was known to be, for example `data-sent` or `crash`. */
  readonly stage: string
  readonly reason?: string
}

/** What became of one attempt to send. */
export type SendOutcome = Accepted | Rejected | Unknown
