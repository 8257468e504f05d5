import { parse, type Transport } from "sendstate/sdk"
import { type HttpOptions, http } from "sendstate/transport/http"
import { type PostmarkOptions, postmark } from "sendstate/transport/postmark"
import { type ResendOptions, resend } from "sendstate/transport/resend"
import { type SesOptions, ses } from "sendstate/transport/ses"
import * as z from "zod"
import { keyVariableOf, type ReadVariable } from "./transport-variable.ts"

/** An HTTP API as a campaign file lists it. */
export interface ApiEntry {
  readonly name: string
  /** Options that its transport checks; none of them is a secret. */
  readonly options: Readonly<Record<string, unknown>>
}

/** One of the HTTP APIs that a campaign file may name. */
export interface MailApi {
  /** Options that stand in the file, called as those of its transport are. */
  readonly options: ReadonlyArray<string>
  /** Those of them that it does not work without. */
  readonly required: ReadonlyArray<string>
  /** Whether bounces always go to an address of its own. */
  readonly setsBounceAddress: boolean
  /** The variables that hold the secrets of the one with this name. */
  readonly variables: (name: string) => ReadonlyArray<string>
  /** Whether it works without them. */
  readonly isKeyOptional: (entry: ApiEntry) => boolean
  /** How it is shown. */
  readonly shown: (entry: ApiEntry, read: ReadVariable) => string
  /** Its transport. Throws InvalidInput for options, and values of the variables, that make no sense. */
  readonly open: (entry: ApiEntry, read: ReadVariable) => Transport
}

const common = ["maxConcurrency", "maxPerSecond", "deadlineMs"]

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const placeOf = (url: unknown): string => {
  const parsed = typeof url === "string" ? URL.parse(url) : null
  return parsed === null ? "" : `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`
}

const at = (title: string, { options }: ApiEntry): string =>
  options.baseUrl === undefined ? title : `${title} at ${placeOf(options.baseUrl)}`

const withKey = {
  setsBounceAddress: true,
  variables: (name: string) => [keyVariableOf(name)],
  isKeyOptional: () => false,
}

const keyHeader = z.object({
  keyHeader: z
    .string()
    .regex(/^[\w-]{1,100}$/, "must be a header name")
    .optional(),
})

/** The header that the key goes into: as it is into one that the file names, else as a bearer's. */
const keyHeaders = ({ name, options }: ApiEntry, read: ReadVariable): Readonly<Record<string, string>> => {
  const key = read(keyVariableOf(name))
  const named = parse(keyHeader, options, "The header for the key").keyHeader
  if (key === undefined) return {}
  return named === undefined ? { authorization: `Bearer ${key}` } : { [named]: key }
}

/** By the name that a campaign file has for them. That a transport's options make sense is checked by the transport. */
export const mailApis = {
  resend: {
    ...withKey,
    options: ["baseUrl", ...common],
    required: [],
    shown: (entry) => at("Resend", entry),
    open: ({ name, options }, read) => resend({ ...options, apiKey: read(keyVariableOf(name)) ?? "" } as ResendOptions),
  },
  postmark: {
    ...withKey,
    options: ["messageStream", "baseUrl", ...common],
    required: [],
    shown: (entry) => at("Postmark", entry),
    open: ({ name, options }, read) =>
      postmark({ ...options, serverToken: read(keyVariableOf(name)) ?? "" } as PostmarkOptions),
  },
  ses: {
    options: ["region", "configurationSet", "baseUrl", ...common],
    required: ["region"],
    setsBounceAddress: false,
    variables: () => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    isKeyOptional: () => false,
    shown: (entry) => at(`Amazon SES in ${entry.options.region}`, entry),
    open: ({ options }, read) =>
      ses({
        ...options,
        credentials: {
          accessKeyId: read("AWS_ACCESS_KEY_ID") ?? "",
          secretAccessKey: read("AWS_SECRET_ACCESS_KEY") ?? "",
          // Comes with temporary keys only.
          sessionToken: read("AWS_SESSION_TOKEN"),
        },
      } as unknown as SesOptions),
  },
  http: {
    options: ["url", "headers", "keyHeader", "idempotencyHeader", "idempotencyTtlMs", ...common],
    required: ["url"],
    setsBounceAddress: false,
    variables: (name) => [keyVariableOf(name)],
    isKeyOptional: ({ options }) => options.keyHeader === undefined,
    shown: ({ name, options }, read) =>
      `${placeOf(options.url)}${read(keyVariableOf(name)) === undefined ? " (without a key)" : ""}`,
    open: (entry, read) => {
      const { keyHeader: _keyHeader, headers, ...options } = entry.options
      const own = keyHeaders(entry, read)
      return http({
        ...options,
        headers: isRecord(headers) ? { ...headers, ...own } : (headers ?? own),
      } as unknown as HttpOptions)
    },
  },
} as const satisfies Readonly<Record<string, MailApi>>

/** What a campaign file calls an HTTP API. */
export type MailApiName = keyof typeof mailApis

/** Their names. */
export const mailApiNames = Object.keys(mailApis) as ReadonlyArray<MailApiName>

/** The API of this name. */
export const mailApiOf = (provider: MailApiName): MailApi => mailApis[provider]
