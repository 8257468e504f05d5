import process from "node:process"
import { apiTransport } from "./api-transport.ts"
import { type ListedApi, type ListedServer, type ListedTransport, takesSender } from "./listed-transport.ts"
import { mailApiOf } from "./mail-api.ts"
import type { RunTransport } from "./run-transport.ts"
import { smtpServer } from "./smtp-server.ts"
import { type ReadVariable, transportName, urlVariableOf } from "./transport-variable.ts"
import { UsageError } from "./usage-error.ts"

/** What was said about the transports of a run. */
export interface TransportRequest {
  /** Each `--smtp`, in their order: a URL, or `NAME=URL`. */
  readonly asked: ReadonlyArray<string>
  /** What the campaign file lists, if it does. */
  readonly listed: ReadonlyArray<ListedTransport> | undefined
}

interface GivenUrl {
  readonly name: string | undefined
  readonly url: string
}

const givenUrl = (text: string): GivenUrl => {
  const [, name, url] = /^([^=:/?@]+)=(.+)$/s.exec(text) ?? []
  if (name === undefined || url === undefined) return { name: undefined, url: text }
  if (!transportName.test(name))
    throw new UsageError(`--smtp NAME=URL: a name is letters, digits, ., _ and -, not "${name}".`)
  return { name, url }
}

const ofEnvironment: ReadVariable = (variable) => {
  const value = process.env[variable]
  return value === undefined || value === "" ? undefined : value
}

/** By which a server is known that was given no name beside others: where it is. */
const placeOf = (url: string): string => {
  const host = URL.parse(url.trim())?.host
  if (host === undefined || host === "")
    throw new UsageError("Several --smtp: one of them is no URL like smtp://user:password@host:587.")
  return host
}

const assertDistinct = (names: ReadonlyArray<string>): void => {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new UsageError(
      `Two servers are called "${twice}". Give each a name of its own: --smtp main=URL --smtp backup=URL.`,
    )
}

const isServer = (transport: ListedTransport): transport is ListedServer => transport.provider === "smtp"

/** An API has its place in the file, and needs a key. */
const assertServer = (listed: ReadonlyArray<ListedTransport>, { name }: GivenUrl): void => {
  const api = listed.find((transport): transport is ListedApi => !isServer(transport) && transport.name === name)
  if (api === undefined) return
  const variables = mailApiOf(api.provider).variables(api.name).join(" and ")
  throw new UsageError(
    `--smtp ${name}=URL: the transport "${name}" of the campaign file is no SMTP server, but ${api.provider}. Its key comes from ${variables}.`,
  )
}

// Listed servers are known by their names: what is asked for without one is none of them.
const urlsByName = (
  listed: ReadonlyArray<ListedTransport>,
  asked: ReadonlyArray<string>,
): ReadonlyMap<string, string> => {
  const all = listed.map(({ name }) => name).join(", ")
  const servers = listed.filter(isServer).map(({ name }) => name)
  const given = asked.map(givenUrl).map((one) => {
    assertServer(listed, one)
    const { name, url } = one
    if (name === undefined || !servers.includes(name))
      throw new UsageError(
        servers.length === 0
          ? `The campaign file lists the transports ${all}, none of which is an SMTP server: leave --smtp out.`
          : `The campaign file lists the transports ${all}: say which one is meant, --smtp ${servers[0]}=URL.`,
      )
    return [name, url] as const
  })
  assertDistinct(given.map(([name]) => name))
  return new Map(given)
}

const urlOf = ({ name, url }: ListedServer, given: ReadonlyMap<string, string>): string | undefined =>
  given.get(name) ?? ofEnvironment(urlVariableOf(name)) ?? url

/** What is to be set before it can be used; `undefined` where it can. */
const missingOf = (listed: ListedTransport, given: ReadonlyMap<string, string>): string | undefined => {
  const { name } = listed
  if (isServer(listed))
    return urlOf(listed, given) === undefined
      ? `${urlVariableOf(name)} to the URL of ${name} (or give --smtp ${name}=URL)`
      : undefined
  const api = mailApiOf(listed.provider)
  const missing = api.variables(name).filter((variable) => ofEnvironment(variable) === undefined)
  if (missing.length === 0 || api.isKeyOptional(listed)) return undefined
  return `${missing.join(" and ")} to the ${missing.length === 1 ? "key" : "keys"} of ${name}`
}

const listedTransports = (
  listed: ReadonlyArray<ListedTransport>,
  asked: ReadonlyArray<string>,
): ReadonlyArray<RunTransport> => {
  const given = urlsByName(listed, asked)
  const missing = listed.flatMap((one) => missingOf(one, given) ?? [])
  if (missing.length > 0)
    throw new UsageError(`Transports of the campaign file cannot be used yet. Set ${missing.join(", ")}.`)
  return listed.map((one) =>
    isServer(one) ? smtpServer(urlOf(one, given) ?? "", one) : apiTransport(one, ofEnvironment),
  )
}

/** Whether a run would have any transport. */
export const isTransportNamed = ({ asked, listed }: TransportRequest): boolean =>
  asked.length > 0 ||
  (listed === undefined
    ? ofEnvironment("SENDSTATE_SMTP_URL") !== undefined
    : listed.some((one) => missingOf(one, new Map()) === undefined))

/**
 * The transports of a run, in their order: those that the campaign file lists, else those of `--smtp`, else the one of
 * SENDSTATE_SMTP_URL. The URL of a listed server is what `--smtp NAME=URL` says, else its variable, else the file; the key
 * of a listed API comes from its variable.
 *
 * @throws UsageError when there is none, or it is not clear which is which, or keys are missing; InvalidInput, without the
 * password, when a URL makes no sense.
 */
export const runTransports = ({ asked, listed }: TransportRequest): ReadonlyArray<RunTransport> => {
  if (listed !== undefined) return listedTransports(listed, asked)
  const fromEnvironment = ofEnvironment("SENDSTATE_SMTP_URL")
  const given = (asked.length === 0 && fromEnvironment !== undefined ? [fromEnvironment] : asked).map(givenUrl)
  const [only, ...others] = given
  if (only === undefined)
    throw new UsageError(
      "There is no mail server to send to. Set SENDSTATE_SMTP_URL=smtp://user:password@host:587, give --smtp URL, or list transports in the campaign file.",
    )
  if (others.length === 0) return [smtpServer(only.url, { name: only.name })]
  const named = given.map(({ name, url }) => ({ name: name ?? placeOf(url), url }))
  assertDistinct(named.map(({ name }) => name))
  return named.map(({ name, url }) => smtpServer(url, { name }))
}

/**
 * The one transport for a test mail from this domain: what `--smtp` says, else the first that would take it.
 *
 * @throws as {@link runTransports}
 */
export const testTransport = ({ asked, listed }: TransportRequest, sender: string): RunTransport => {
  const [first] = asked.map(givenUrl)
  if (first !== undefined) {
    assertServer(listed ?? [], first)
    return smtpServer(first.url)
  }
  const [transport] = runTransports({ asked, listed: listed?.filter((one) => takesSender(one, sender)).slice(0, 1) })
  if (transport === undefined) throw new UsageError(`None of the transports takes mails from ${sender}.`)
  return transport
}
