/** What the server does at one stage of a connection. */
export type SmtpAction =
  | { readonly type: "reply"; readonly text: string }
  | { readonly type: "raw"; readonly bytes: string }
  | { readonly type: "trickle"; readonly bytes: string; readonly everyMs: number }
  | { readonly type: "close" }
  | { readonly type: "reset" }
  | { readonly type: "silence" }
  | { readonly type: "vanish" }
  | { readonly type: "wait"; readonly ms: number }

/** A complete reply; `\n` inside separates the lines of a multi-line reply, which then carry their codes themselves. */
export const reply = (text: string): SmtpAction => ({ type: "reply", text })

/** Bytes as they are, without a line end: partial replies, garbage, lines of any length. */
export const raw = (bytes: string): SmtpAction => ({ type: "raw", bytes })

/** Bytes one at a time, so slowly that no idle timeout sees it (a slow-loris server); default: one each 20 ms. */
export const trickle = (bytes: string, everyMs = 20): SmtpAction => ({ type: "trickle", bytes, everyMs })

/** FIN: says nothing more, and reads until the other side closes too. */
export const close: SmtpAction = { type: "close" }

/** RST. */
export const reset: SmtpAction = { type: "reset" }

/** Says nothing more on this connection, but keeps it and goes on reading. */
export const silence: SmtpAction = { type: "silence" }

/** As a peer that lost power: the connection stays half-open, nothing is said and nothing is read any more. */
export const vanish: SmtpAction = { type: "vanish" }

/** Waits, milliseconds, before the next action. */
export const wait = (ms: number): SmtpAction => ({ type: "wait", ms })

/** Where the script decides. `body` runs when the first octets after 354 come, `end` when the final dot has come. */
export type SmtpStage =
  | "greeting"
  | "ehlo"
  | "helo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "body"
  | "end"
  | "rset"
  | "quit"

/** What a step of the script may look at. */
export interface SmtpMoment {
  /** The command as received, for example `RCPT TO:<bob@example.test>`: what to decide by recipient. */
  readonly line: string
  /** Ordinal of the connection, from 1. */
  readonly connection: number
  /** Ordinal of this stage on this connection, from 1. */
  readonly visit: number
}

/** What happens at a stage: an action, several in order, or what a function says at that moment. */
export type SmtpStep =
  | SmtpAction
  | ReadonlyArray<SmtpAction>
  | ((moment: SmtpMoment) => SmtpAction | ReadonlyArray<SmtpAction>)

/** Stages that are not named say yes; DATA says 503 when no recipient was accepted. */
export type SmtpScript = Partial<Record<SmtpStage, SmtpStep>>
