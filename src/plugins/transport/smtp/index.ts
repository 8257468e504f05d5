import process from "node:process"
import { InvalidInput } from "../../../sdk/errors.ts"
import type { Transport } from "../../../sdk/transport/transport.ts"
import { settingsOf } from "./settings.ts"
import type { SmtpOptions } from "./smtp-options.ts"
import { smtpTransport } from "./smtp-transport.ts"

export type { SmtpAuth, SmtpOptions, SmtpTimeouts, SmtpTlsOptions } from "./smtp-options.ts"

/**
 * A transport that speaks SMTP, and knows for each mail whether the server can have it.
 *
 * Until the final dot is given to the socket every failure is a rejection; after it, anything but a complete reply is
 * unknown. Connections are kept and used again; one mail has exactly one recipient. TLS is required and verified
 * unless the host is this machine. Needs the package `nodemailer` to compose mail.
 *
 * @param urlOrOptions `smtp://user:pass@host:587`, `smtps://host`, or options. Default: the environment variable
 * `SENDSTATE_SMTP_URL`, so that no password stands in a command line.
 * @throws InvalidInput for options or a URL that make no sense; the text never holds the password.
 * @example
 * ```ts
 * const transport = smtp({ host: "mail.acme.test", auth: { user: "news", pass: process.env.SMTP_PASS ?? "" }, connections: 10 })
 * ```
 */
export const smtp = (urlOrOptions?: string | SmtpOptions): Transport => {
  const options = typeof urlOrOptions === "string" ? { url: urlOrOptions } : (urlOrOptions ?? {})
  if (options.url !== undefined || options.host !== undefined) return smtpTransport(settingsOf(options))
  const url = process.env.SENDSTATE_SMTP_URL
  if (url === undefined || url === "")
    throw new InvalidInput({
      code: "invalid-input",
      retryable: false,
      issues: [{ path: "url", message: "is missing" }],
      message:
        "There is no SMTP server to send to. Set SENDSTATE_SMTP_URL=smtp://user:password@host:587, or give smtp() a URL or a host.",
    })
  return smtpTransport(settingsOf({ ...options, url }))
}
