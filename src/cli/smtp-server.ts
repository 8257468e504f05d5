import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import type { Transport } from "sendstate/sdk"
import { smtp } from "sendstate/transport/smtp"
import { UsageError } from "./usage-error.ts"

/** The mail server of a run. */
export interface SmtpServer {
  readonly transport: Transport
  /** How it is shown: without user and password. */
  readonly shown: string
}

const shownOf = (url: string): string => {
  const parsed = URL.parse(url.trim())
  return parsed === null ? "the SMTP server" : `${parsed.protocol}//${parsed.host}`
}

const asked = (url: string | undefined): string | undefined => {
  const found = url ?? process.env.SENDSTATE_SMTP_URL
  return found === undefined || found === "" ? undefined : found
}

/** Whether a server was named at all. */
export const isServerNamed = (url: string | undefined): boolean => asked(url) !== undefined

/**
 * The server that `--smtp` or SENDSTATE_SMTP_URL names.
 *
 * @throws UsageError when neither does; InvalidInput, without the password, when the URL makes no sense.
 */
export const smtpServer = (url: string | undefined): SmtpServer => {
  const found = asked(url)
  if (found === undefined)
    throw new UsageError(
      "There is no mail server to send to. Set SENDSTATE_SMTP_URL=smtp://user:password@host:587, or give --smtp URL.",
    )
  return { transport: smtp(found), shown: shownOf(found) }
}

/** What a server that cannot be used answers, if it cannot. */
type Refusal = Awaited<ReturnType<NonNullable<Transport["verify"]>>>

const attempts = 3
const pauseMs = 700
const deadlineMs = 20_000

const ask = async (transport: Transport, signal: AbortSignal): Promise<Refusal> =>
  transport.verify?.(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))

/** Not there at all, as opposed to busy: nobody wants a campaign to wait for a misspelt port. */
const isAbsent = (refusal: NonNullable<Refusal>): boolean => refusal.scope === "host" && !/^\d{3}$/.test(refusal.code)

/** Whether a server can be used. */
export type ServerCheck =
  | { readonly type: "ready" }
  /** It is there, but busy: the campaign can start and will wait for it. */
  | { readonly type: "busy"; readonly said: string }
  /** It is not there, or does not let us in; `message` says what to do. */
  | { readonly type: "unusable"; readonly message: string }

/** Connects and logs in without sending; a server that is not there is asked again for a moment. */
export const checkServer = async (server: SmtpServer, signal: AbortSignal): Promise<ServerCheck> => {
  for (let attempt = 1; ; attempt++) {
    const refusal = await ask(server.transport, signal)
    if (refusal === undefined) return { type: "ready" }
    const said = `${refusal.code}${refusal.response === undefined ? "" : `: ${refusal.response}`}`
    const absent = isAbsent(refusal)
    if (!absent && refusal.scope === "host") return { type: "busy", said }
    if (!absent || attempt >= attempts) {
      const todo = absent ? "Start it, or check host and port" : "Check user, password and TLS"
      const message = `${server.shown} cannot be used (${said}). This run sent nothing. ${todo}, then run the same command again.`
      return { type: "unusable", message }
    }
    await sleep(pauseMs, undefined, { signal })
  }
}
