import * as z from "zod"
import { parse } from "../../../sdk/schema.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { Transport } from "../../../sdk/transport/transport.ts"
import type { HttpReply } from "./http-call.ts"
import { mailJson } from "./mail-json.ts"
import { type ProviderOptions, providerFields, safeUrl } from "./provider-options.ts"
import { providerTransport } from "./provider-transport.ts"

export type { Fetch, HttpReply } from "./http-call.ts"
export type { ProviderOptions } from "./provider-options.ts"

/** Options of the `http` transport. */
export interface HttpOptions extends Omit<ProviderOptions, "baseUrl"> {
  /** Where each mail is posted to, `https:` (or `http:` for this machine). */
  readonly url: string
  /** Further headers of the request, for example `authorization`. Their values are masked in every text. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * The JSON that the other side takes; default: the whole mail, attachments in base64. Throw InvalidInput for a mail that
   * it cannot carry.
   */
  readonly body?: (message: Message, context: { readonly idempotencyKey: string }) => unknown
  /** What a reply means; undefined leaves it to the status: 2xx accepted, 429 and 503 later, 500, 502 and 504 unknown. */
  readonly outcome?: (reply: HttpReply) => SendOutcome | undefined
  /** Name of the header that carries the idempotency key; default: none is sent. */
  readonly idempotencyHeader?: string
  /** How long the other side remembers a key, milliseconds. Set it only when it makes no second copy within that time. */
  readonly idempotencyTtlMs?: number
}

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "must be a header name")

const isFunction = <A>() => z.custom<A>((value) => typeof value === "function", "must be a function")

const schema = z
  .strictObject({
    url: safeUrl,
    headers: z.record(headerName, z.string().regex(/^[\u0020-\u007e]*$/, "must be one line of ASCII")).default({}),
    body: isFunction<NonNullable<HttpOptions["body"]>>().default(() => mailJson),
    outcome: isFunction<NonNullable<HttpOptions["outcome"]>>().optional(),
    idempotencyHeader: headerName.optional(),
    idempotencyTtlMs: z.number().positive().optional(),
    ...providerFields({ maxConcurrency: 10, maxPerSecond: "unlimited" }),
  })
  .refine((options) => options.idempotencyTtlMs === undefined || options.idempotencyHeader !== undefined, {
    path: ["idempotencyHeader"],
    message: "is needed with idempotencyTtlMs: without a key there is nothing to remember",
  })

// A server that repeats the key may leave out what stood before it.
const secretsOf = (value: string): ReadonlyArray<string> => [value, ...value.split(" ").slice(1)]

/**
 * A transport that posts each mail as JSON to any HTTP API.
 *
 * A complete reply decides; without one the mail is in doubt, unless no connection was made. Redirects are not followed
 * and nothing is repeated: one send is one request.
 *
 * @throws InvalidInput for options that make no sense.
 * @example
 * ```ts
 * const transport = http({
 *   url: "https://mail.acme.test/send",
 *   headers: { authorization: `Bearer ${process.env.MAIL_KEY ?? ""}` },
 *   body: (mail, { idempotencyKey }) => ({ key: idempotencyKey, to: mail.to.address, subject: mail.subject, html: mail.html }),
 * })
 * ```
 */
export const http = (options: HttpOptions): Transport => {
  const settings = parse(schema, options, 'The options of the transport "http"')
  const { url, headers, idempotencyHeader, idempotencyTtlMs } = settings
  return providerTransport(
    {
      name: "http",
      call: (message, idempotencyKey) => ({
        url,
        headers: {
          ...headers,
          "content-type": "application/json",
          ...(idempotencyHeader === undefined ? {} : { [idempotencyHeader]: idempotencyKey }),
        },
        body: JSON.stringify(settings.body(message, { idempotencyKey })),
      }),
      classify: (reply) => settings.outcome?.(reply),
      secrets: () => Object.values(headers).flatMap(secretsOf),
      ...(idempotencyTtlMs === undefined ? {} : { idempotent: { ttlMs: idempotencyTtlMs } }),
    },
    settings,
  )
}
