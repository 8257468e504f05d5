import { domainOrIssue, parse } from "sendstate/sdk"
import * as z from "zod"

/** A mail server that the campaign file lists. Its password is never there: it comes from the environment. */
export interface ListedServer {
  /** Tells it apart, in the database too. */
  readonly name: string
  /** Without user and password; absent: it comes from the environment or the command line. */
  readonly url: string | undefined
  readonly weight: number
  /** Domains of From addresses that it takes; `undefined`: all. */
  readonly senders: ReadonlyArray<string> | undefined
}

/** Names of servers: they become part of a variable's name. */
export const serverName = /^[a-z0-9][a-z0-9._-]{0,99}$/i

/** The environment variable that holds the URL of a listed server, and may hold its password. */
export const variableOf = (name: string): string =>
  `SENDSTATE_SMTP_URL_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`

/** Whether a URL names a user. */
const hasLogin = (url: string): boolean => {
  const parsed = URL.parse(url.trim())
  // What cannot be read may hold a password all the same.
  return parsed === null ? url.includes("@") : parsed.username !== "" || parsed.password !== ""
}

const serverSchema = z
  .strictObject({
    name: z.string().regex(serverName, "is letters, digits, ., _ and -, at most 100"),
    url: z.string().min(1).optional(),
    weight: z.number().min(0).max(1e6).default(1),
    senders: z
      .array(z.string().transform((name, context) => domainOrIssue(name, context)))
      .min(1, "must name a domain; leave it out where all are taken")
      .optional(),
  })
  .transform(({ name, url, weight, senders }, context): ListedServer => {
    if (url !== undefined && hasLogin(url))
      context.addIssue({
        code: "custom",
        path: ["url"],
        message: `holds a user or password, which are not for this file: set ${variableOf(name)} to the whole URL`,
      })
    return { name, url, weight, senders }
  })

const listSchema = z
  .array(serverSchema)
  .min(1, "needs at least one server")
  .superRefine((servers, context) => {
    for (const [index, { name }] of servers.entries()) {
      const before = servers.slice(0, index).find((other) => variableOf(other.name) === variableOf(name))
      if (before !== undefined)
        context.addIssue({
          code: "custom",
          path: [index, "name"],
          message: `it has the variable ${variableOf(name)} in common with "${before.name}"; give it another name`,
        })
    }
  })

/**
 * The servers that a campaign file lists, in their order.
 *
 * @throws InvalidInput
 */
export const parseListedServers = (value: unknown): ReadonlyArray<ListedServer> =>
  parse(listSchema, value, "The list of transports")

/** Whether a server with these senders takes mails from this domain. */
export const takesSender = (
  { senders }: { readonly senders: ReadonlyArray<string> | undefined },
  domain: string,
): boolean => senders === undefined || senders.includes(domain)
