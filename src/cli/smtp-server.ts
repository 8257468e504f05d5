import { InvalidInput, type Transport } from "sendstate/sdk"
import { smtp } from "sendstate/transport/smtp"
import type { RunTransport } from "./run-transport.ts"

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
 * The mail server at a URL.
 *
 * @throws InvalidInput, without the password, when the URL makes no sense.
 */
export const smtpServer = (
  url: string,
  { name, weight, senders }: Partial<Pick<RunTransport, "name" | "weight" | "senders">> = {},
): RunTransport => ({
  name,
  provider: "smtp",
  transport: connect(url, name),
  shown: shownOf(url),
  weight: weight ?? 1,
  senders,
  advice: { absent: "Start it, or check host and port", refused: "Check user, password and TLS" },
})
