import process from "node:process"
import { type ListedServer, serverName, takesSender, variableOf } from "./listed-server.ts"
import { type SmtpServer, smtpServer } from "./smtp-server.ts"
import { UsageError } from "./usage-error.ts"

/** What was said about the mail servers of a run. */
export interface ServerRequest {
  /** Each `--smtp`, in their order: a URL, or `NAME=URL`. */
  readonly asked: ReadonlyArray<string>
  /** What the campaign file lists, if it does. */
  readonly listed: ReadonlyArray<ListedServer> | undefined
}

interface GivenUrl {
  readonly name: string | undefined
  readonly url: string
}

const givenUrl = (text: string): GivenUrl => {
  const [, name, url] = /^([^=:/?@]+)=(.+)$/s.exec(text) ?? []
  if (name === undefined || url === undefined) return { name: undefined, url: text }
  if (!serverName.test(name))
    throw new UsageError(`--smtp NAME=URL: a name is letters, digits, ., _ and -, not "${name}".`)
  return { name, url }
}

const ofEnvironment = (variable: string): string | undefined => {
  const url = process.env[variable]
  return url === undefined || url === "" ? undefined : url
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

// Listed servers are known by their names: what is asked for without one is none of them.
const urlsByName = (listed: ReadonlyArray<ListedServer>, asked: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const names = listed.map(({ name }) => name)
  const given = asked.map(givenUrl).map(({ name, url }) => {
    if (name === undefined || !names.includes(name))
      throw new UsageError(
        `The campaign file lists the transports ${names.join(", ")}: say which one is meant, --smtp ${names[0]}=URL.`,
      )
    return [name, url] as const
  })
  assertDistinct(given.map(([name]) => name))
  return new Map(given)
}

const urlOf = ({ name, url }: ListedServer, given: ReadonlyMap<string, string>): string | undefined =>
  given.get(name) ?? ofEnvironment(variableOf(name)) ?? url

const listedServers = (
  listed: ReadonlyArray<ListedServer>,
  asked: ReadonlyArray<string>,
): ReadonlyArray<SmtpServer> => {
  const given = urlsByName(listed, asked)
  const missing = listed.filter((server) => urlOf(server, given) === undefined).map(({ name }) => name)
  const [first] = missing
  if (first !== undefined)
    throw new UsageError(
      `Nobody says where the mail ${missing.length === 1 ? "server" : "servers"} ${missing.join(", ")} of the campaign file ${missing.length === 1 ? "is" : "are"}. Set ${missing.map(variableOf).join(", ")}, or give --smtp ${first}=URL.`,
    )
  return listed.map((server) => smtpServer(urlOf(server, given) ?? "", server))
}

/** Whether any server was named at all. */
export const isServerNamed = ({ asked, listed }: ServerRequest): boolean =>
  asked.length > 0 ||
  (listed === undefined
    ? ofEnvironment("SENDSTATE_SMTP_URL") !== undefined
    : listed.some((server) => urlOf(server, new Map()) !== undefined))

/**
 * The servers of a run, in their order: those that the campaign file lists, else those of `--smtp`, else the one of
 * SENDSTATE_SMTP_URL. The URL of a listed one is what `--smtp NAME=URL` says, else its variable, else the file.
 *
 * @throws UsageError when there is none, or it is not clear which is which; InvalidInput, without the password, when a
 * URL makes no sense.
 */
export const smtpServers = ({ asked, listed }: ServerRequest): ReadonlyArray<SmtpServer> => {
  if (listed !== undefined) return listedServers(listed, asked)
  const fromEnvironment = ofEnvironment("SENDSTATE_SMTP_URL")
  const given = (asked.length === 0 && fromEnvironment !== undefined ? [fromEnvironment] : asked).map(givenUrl)
  const [only, ...others] = given
  if (only === undefined)
    throw new UsageError(
      "There is no mail server to send to. Set SENDSTATE_SMTP_URL=smtp://user:password@host:587, or give --smtp URL.",
    )
  if (others.length === 0) return [smtpServer(only.url, { name: only.name })]
  const named = given.map(({ name, url }) => ({ name: name ?? placeOf(url), url }))
  assertDistinct(named.map(({ name }) => name))
  return named.map(({ name, url }) => smtpServer(url, { name }))
}

/**
 * The one server for a test mail from this domain: what `--smtp` says, else the first that would take it.
 *
 * @throws as {@link smtpServers}
 */
export const testServer = ({ asked, listed }: ServerRequest, sender: string): SmtpServer => {
  const [first] = asked
  if (first !== undefined) return smtpServer(givenUrl(first).url)
  const [server] = smtpServers({ asked, listed: listed?.filter((one) => takesSender(one, sender)).slice(0, 1) })
  if (server === undefined) throw new UsageError(`None of the transports takes mails from ${sender}.`)
  return server
}
