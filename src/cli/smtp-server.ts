import { InvalidInput, type Transport } from "sendstate/sdk"
import { smtp } from "sendstate/transport/smtp"

/** A mail server of a run. */
export interface SmtpServer {
  /** Absent: the only one, that nobody gave a name. */
  readonly name: string | undefined
  readonly transport: Transport
  /** How it is shown: without user and password. */
  readonly shown: string
  /** Its share beside the others; 0: only when those are out. */
  readonly weight: number
  /** Domains of From addresses that it takes; `undefined`: all. */
  readonly senders: ReadonlyArray<string> | undefined
}

const shownOf = (url: string): string => {
  const parsed = URL.parse(url.trim())
  return parsed === null ? "the SMTP server" : `${parsed.protocol}//${parsed.host}`
}

const connect = (url: string, name: string | undefined): Transport => {
  try {
    return smtp(url)
  } catch (error) {
    if (!(error instanceof InvalidInput) || name === undefined) throw error
    const { code, retryable, issues, message } = error
    throw new InvalidInput({ code, retryable, issues, message: `The server "${name}": ${message}` })
  }
}

/**
 * The server at a URL.
 *
 * @throws InvalidInput, without the password, when the URL makes no sense.
 */
export const smtpServer = (
  url: string,
  { name, weight, senders }: Partial<Pick<SmtpServer, "name" | "weight" | "senders">> = {},
): SmtpServer => ({ name, transport: connect(url, name), shown: shownOf(url), weight: weight ?? 1, senders })
