import { domainOrIssue, InvalidInput, parse } from "sendstate/sdk"
import * as z from "zod"
import { type ApiEntry, type MailApiName, mailApiNames, mailApiOf } from "./mail-api.ts"
import { nameInVariables, transportName, urlVariableOf } from "./transport-variable.ts"

/** What kind of transport it is, as a campaign file calls it. */
export type ProviderName = "smtp" | MailApiName

interface Listed {
  /** Tells it apart, in the database too. */
  readonly name: string
  readonly weight: number
  /** Domains of From addresses that it takes; `undefined`: all. */
  readonly senders: ReadonlyArray<string> | undefined
}

/** A mail server that the campaign file lists. */
export interface ListedServer extends Listed {
  readonly provider: "smtp"
  /** Without user and password; absent: it comes from the environment or the command line. */
  readonly url: string | undefined
}

/** An HTTP API that the campaign file lists. */
export interface ListedApi extends Listed, ApiEntry {
  readonly provider: MailApiName
}

/** A transport that the campaign file lists. Its password or key is never there: it comes from the environment. */
export type ListedTransport = ListedServer | ListedApi

const commonFields = ["name", "provider", "weight", "senders"]

const entrySchema = z.looseObject({
  name: z.string().regex(transportName, "is letters, digits, ., _ and -, at most 100"),
  provider: z.enum(["smtp", ...mailApiNames]).default("smtp"),
  weight: z.number().min(0).max(1e6).default(1),
  senders: z
    .array(z.string().transform((name, context) => domainOrIssue(name, context)))
    .min(1, "must name a domain; leave it out where all are taken")
    .optional(),
})

type Entry = z.output<typeof entrySchema>

/** Tells what is wrong with one field of an entry. */
type Refuse = (path: ReadonlyArray<string>, message: string) => void

const namesSecret = (field: string): boolean => /key|token|secret|passw|credential|auth|cookie/i.test(field)

/** Whether a URL holds a user, or a parameter that looks like a key. */
const holdsSecret = (url: string): boolean => {
  const parsed = URL.parse(url.trim())
  // What cannot be read may hold a password all the same.
  if (parsed === null) return url.includes("@")
  return parsed.username !== "" || parsed.password !== "" || [...parsed.searchParams.keys()].some(namesSecret)
}

const variablesOf = ({ name, provider }: Entry): string =>
  provider === "smtp" ? `${urlVariableOf(name)} to the whole URL` : mailApiOf(provider).variables(name).join(" and ")

const secretText = (entry: Entry): string => `secrets are not for this file: set ${variablesOf(entry)}`

const checkFields = (entry: Entry, options: ReadonlyArray<string>, refuse: Refuse): void => {
  for (const field of Object.keys(entry))
    if (!commonFields.includes(field) && !options.includes(field))
      refuse(
        [field],
        namesSecret(field)
          ? secretText(entry)
          : `there is no field "${field}" of ${entry.provider}; there are ${[...commonFields, ...options].join(", ")}`,
      )
}

const serverOf = (entry: Entry, refuse: Refuse): ListedServer => {
  const { name, weight, senders, url } = entry
  checkFields(entry, ["url"], refuse)
  if (url !== undefined && (typeof url !== "string" || url === "")) refuse(["url"], "is the URL of a mail server")
  else if (url !== undefined && holdsSecret(url))
    refuse(["url"], `holds a user or password, which are not for this file: set ${variablesOf(entry)}`)
  return { name, provider: "smtp", weight, senders, url: typeof url === "string" ? url : undefined }
}

const checkSecrets = (entry: Entry, refuse: Refuse): void => {
  const { url, baseUrl, headers } = entry
  for (const [field, value] of Object.entries({ url, baseUrl }))
    if (typeof value === "string" && holdsSecret(value)) refuse([field], `holds a secret; ${secretText(entry)}`)
  if (typeof headers === "object" && headers !== null)
    for (const header of Object.keys(headers))
      if (namesSecret(header))
        refuse(["headers", header], `${secretText(entry)}, and keyHeader to the header that it goes into`)
}

/** What its transport says of the options: the keys, which are not here, may be anything. */
const checkOptions = (listed: ListedApi, refuse: Refuse): void => {
  const api = mailApiOf(listed.provider)
  const missing = api.required.filter((option) => listed.options[option] === undefined)
  for (const option of missing) refuse([], `${listed.provider} needs ${option}`)
  if (missing.length > 0) return
  try {
    api.open(listed, () => "any")
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    for (const { path, message } of error.issues) refuse(path.split("."), message)
  }
}

const apiOf = (entry: Entry, provider: MailApiName, refuse: Refuse): ListedApi => {
  const { name, weight, senders, provider: _provider, ...rest } = entry
  const { options } = mailApiOf(provider)
  checkFields(entry, options, refuse)
  checkSecrets(entry, refuse)
  const own = Object.entries(rest).filter(([field]) => options.includes(field))
  const listed = { name, provider, weight, senders, options: Object.fromEntries(own) }
  checkOptions(listed, refuse)
  return listed
}

const transportSchema = entrySchema.transform((entry, context): ListedTransport => {
  const refuse: Refuse = (path, message) => context.addIssue({ code: "custom", path: [...path], message })
  return entry.provider === "smtp" ? serverOf(entry, refuse) : apiOf(entry, entry.provider, refuse)
})

const listSchema = z
  .array(transportSchema)
  .min(1, "needs at least one transport")
  .superRefine((transports, context) => {
    for (const [index, { name }] of transports.entries()) {
      const shared = nameInVariables(name)
      const before = transports.slice(0, index).find((other) => nameInVariables(other.name) === shared)
      if (before !== undefined)
        context.addIssue({
          code: "custom",
          path: [index, "name"],
          message: `in the names of variables it is ${shared}, as "${before.name}" is; give it another name`,
        })
    }
  })

/**
 * The transports that a campaign file lists, in their order.
 *
 * @throws InvalidInput
 */
export const parseListedTransports = (value: unknown): ReadonlyArray<ListedTransport> =>
  parse(listSchema, value, "The list of transports")

/** Whether a transport with these senders takes mails from this domain. */
export const takesSender = (
  { senders }: { readonly senders: ReadonlyArray<string> | undefined },
  domain: string,
): boolean => senders === undefined || senders.includes(domain)
