import type { Reply } from "./reply.ts"

/** Where in the dialogue something happened; decides what it means (see `classify`). */
export type Stage =
  | "connect"
  | "tls"
  | "greeting"
  | "ehlo"
  | "starttls"
  | "auth"
  | "reset"
  | "mail"
  | "rcpt"
  | "data"
  | "body"
  /** The final dot was given to the socket, at least in part. */
  | "final"

/** Why a dialogue ended without the reply that was awaited. */
export type BreakageWord =
  | "aborted"
  | "deadline"
  | "timeout"
  | "connection-closed"
  | "connection-reset"
  | "connection-refused"
  | "host-unreachable"
  | "host-not-found"
  | "dns-temporary"
  | "tls"
  | "auth"
  | "access-token"
  | "partial-reply"
  | "garbage"
  | "smtputf8-not-offered"
  | "message-too-large"

/** An end of the dialogue that is not a reply. */
export interface Breakage {
  readonly word: BreakageWord
  /** For people; secrets are removed before it leaves the transport. */
  readonly detail: string
}

/** What stopped an attempt: a reply that says no, or a breakage, and the stage at which it came. */
export class SmtpFailure extends Error {
  override readonly name = "SmtpFailure"
  readonly stage: Stage
  readonly problem: Reply | Breakage

  constructor(stage: Stage, problem: Reply | Breakage) {
    super(`${stage}: ${"word" in problem ? problem.detail : problem.text}`)
    this.stage = stage
    this.problem = problem
  }
}

const wordsByErrno: Readonly<Record<string, BreakageWord>> = {
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EPIPE: "connection-reset",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "host-unreachable",
  ENETUNREACH: "host-unreachable",
  EADDRNOTAVAIL: "host-unreachable",
  ENOTFOUND: "host-not-found",
  EAI_NONAME: "host-not-found",
  EAI_NODATA: "host-not-found",
  EAI_AGAIN: "dns-temporary",
}

const errnoOf = (error: unknown): string | undefined => {
  if (typeof error !== "object" || error === null) return undefined
  if ("code" in error && typeof error.code === "string") return error.code
  // Happy eyeballs: one error per address that was tried.
  return error instanceof AggregateError ? errnoOf(error.errors[0]) : undefined
}

const isTlsError = (errno: string): boolean =>
  /^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/.test(
    errno,
  )

/** A socket's or resolver's error in the words of {@link Breakage}. */
export const breakageOf = (error: unknown): Breakage => {
  const errno = errnoOf(error) ?? ""
  const detail = error instanceof Error && error.message !== "" ? error.message : errno || String(error)
  const word = wordsByErrno[errno] ?? (isTlsError(errno) ? "tls" : "connection-closed")
  return { word, detail }
}
