import { InvalidInput } from "../../../sdk/errors.ts"
import type { SmtpOptions, SmtpTimeouts, SmtpTlsOptions } from "./smtp-options.ts"

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

const numbers = ["connections", "maxMessagesPerConnection"] as const
const timeouts = [
  "connectMs",
  "greetingMs",
  "commandMs",
  "socketIdleMs",
  "finalReplyMs",
  "deadlineMs",
  "pooledIdleMs",
  "quitMs",
] as const
const texts = ["name", "envelopeFrom"] as const
const switches = ["required", "dangerouslyAllowInvalidCertificates", "dangerouslyAllowPlaintext"] as const

/** The URL itself is never quoted: it may hold a password. */
const refuse = (path: string, message: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-smtp-url",
    retryable: false,
    issues: [{ path, message }],
    message: `The SMTP URL is not valid: ${message}. It looks like smtp://user:password@host:587 or smtps://host:465, with special characters percent-encoded.`,
  })

const decoded = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse(what, `the ${what} holds a % that is not an escape`)
  }
}

const numberOf = (name: string, text: string): number => {
  if (!/^\d+(\.\d+)?$/.test(text)) throw refuse(name, `${name} must be a number`)
  return Number(text)
}

const switchOf = (name: string, text: string): boolean => {
  if (text !== "true" && text !== "false") throw refuse(name, `${name} must be true or false`)
  return text === "true"
}

const isOneOf = <Name extends string>(names: ReadonlyArray<Name>, name: string): name is Name =>
  names.some((known) => known === name)

/**
 * The options that a URL spells: `smtp(s)://[user[:pass]@]host[:port]?connections=10&maxPerSecond=50`.
 *
 * Parameters: connections, maxPerSecond (a number or `unlimited`), maxMessagesPerConnection, name, envelopeFrom, each
 * timeout by name, and `required`, `dangerouslyAllowInvalidCertificates`, `dangerouslyAllowPlaintext` of tls.
 *
 * @throws InvalidInput with code `invalid-smtp-url`, also for a parameter that nobody knows.
 */
export const optionsOfUrl = (text: string): Omit<SmtpOptions, "url"> => {
  const url = URL.parse(text.trim())
  if (url === null) throw refuse("url", "it cannot be read")
  if (url.protocol !== "smtp:" && url.protocol !== "smtps:")
    throw refuse("url", "it must start with smtp:// or smtps://")
  if (url.hostname === "") throw refuse("host", "the host is missing")
  if ((url.pathname !== "" && url.pathname !== "/") || url.hash !== "") throw refuse("url", "it must have no path")
  const options: Writable<Omit<SmtpOptions, "url">> = {
    host: decoded(url.hostname.replace(/^\[(.*)\]$/, "$1"), "host"),
    secure: url.protocol === "smtps:",
  }
  if (url.port !== "") options.port = Number(url.port)
  if (url.username !== "")
    options.auth = { user: decoded(url.username, "user"), pass: decoded(url.password, "password") }
  const times: Writable<SmtpTimeouts> = {}
  const tls: Writable<SmtpTlsOptions> = {}
  for (const [name, value] of url.searchParams)
    if (name === "maxPerSecond") options.maxPerSecond = value === "unlimited" ? value : numberOf(name, value)
    else if (isOneOf(numbers, name)) options[name] = numberOf(name, value)
    else if (isOneOf(texts, name)) options[name] = value
    else if (isOneOf(timeouts, name)) times[name] = numberOf(name, value)
    else if (isOneOf(switches, name)) tls[name] = switchOf(name, value)
    else throw refuse(name.slice(0, 40), "it has a parameter that is not known")
  return { ...options, timeouts: times, tls }
}
