import * as z from "zod"
import { parse } from "../../../sdk/schema.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { RejectionScope, SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { LookupResult, Transport } from "../../../sdk/transport/transport.ts"
import { rejection } from "../http/classify-status.ts"
import type { HttpReply } from "../http/http-call.ts"
import { attachmentsOf, checkEnvelope, headersOf, jsonOf, mailboxText } from "../http/message-json.ts"
import { baseUrlOf, type ProviderOptions, providerFields, secret } from "../http/provider-options.ts"
import { providerTransport } from "../http/provider-transport.ts"

/** Options of the `postmark` transport. Defaults: 10 requests at once, 10 a second. */
export interface PostmarkOptions extends ProviderOptions {
  /** The server's API token. */
  readonly serverToken: string
  /** Message stream; default `broadcast`, which Postmark wants for campaigns. */
  readonly messageStream?: string | undefined
}

const schema = z.strictObject({
  serverToken: secret,
  messageStream: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be a stream's id")
    .default("broadcast"),
  baseUrl: baseUrlOf("https://api.postmarkapp.com"),
  ...providerFields({ maxConcurrency: 10, maxPerSecond: 10 }),
})

const bodyOf = (message: Message, idempotencyKey: string, messageStream: string): unknown => {
  checkEnvelope(message, "Postmark")
  return {
    From: mailboxText(message.from),
    To: mailboxText(message.to),
    ...(message.replyTo === undefined ? {} : { ReplyTo: mailboxText(message.replyTo) }),
    Subject: message.subject,
    ...(message.html === undefined ? {} : { HtmlBody: message.html }),
    TextBody: message.text,
    Headers: [
      ...headersOf(message).map(([Name, Value]) => ({ Name, Value })),
      { Name: "Message-ID", Value: message.messageId },
      // Without it Postmark puts a Message-ID of its own in the place of ours.
      { Name: "X-PM-KeepID", Value: "true" },
    ],
    Attachments: attachmentsOf(message).map(({ filename, base64, contentType, contentId }) => ({
      Name: filename,
      Content: base64,
      ContentType: contentType,
      ...(contentId === undefined ? {} : { ContentID: `cid:${contentId}` }),
    })),
    Metadata: { sendstate: idempotencyKey },
    MessageStream: messageStream,
  }
}

// By ErrorCode, as Postmark documents them.
const scopes: ReadonlyMap<number, RejectionScope> = new Map([
  [10, "config"],
  [100, "host"],
  [400, "config"],
  [401, "config"],
  [405, "config"],
  [406, "recipient"],
  [412, "config"],
  [413, "config"],
  [429, "host"],
  [1235, "config"],
])

const classify = (reply: HttpReply): SendOutcome | undefined => {
  const body = jsonOf(reply.text)
  const errorCode = body?.ErrorCode
  if (typeof errorCode !== "number") return reply.status === 200 ? { type: "unknown", stage: "reply" } : undefined
  if (errorCode === 0 && reply.status === 200)
    return {
      type: "accepted",
      response: "200",
      ...(typeof body?.MessageID === "string" ? { providerId: body.MessageID } : {}),
    }
  const known = scopes.get(errorCode)
  // 300: an address that Postmark refuses, or another field of this mail.
  const scope = known ?? (errorCode === 300 && /'?To'?\b|recipient/i.test(reply.text) ? "recipient" : "sender")
  // What a server error means for the mail is not said: the status decides.
  if (known === undefined && reply.status >= 500) return undefined
  return rejection(reply, { scope, retryable: scope === "host" || scope === "config", code: `postmark-${errorCode}` })
}

// What the search does not find yet may be found later, so nothing but a find is evidence.
const read = (reply: HttpReply): LookupResult => {
  const messages = jsonOf(reply.text)?.Messages
  const found: unknown = Array.isArray(messages) ? messages[0] : undefined
  if (typeof found !== "object" || found === null) return { type: "unknown" }
  const id: unknown = Reflect.get(found, "MessageID")
  return { type: "accepted", ...(typeof id === "string" ? { providerId: id } : {}) }
}

/**
 * A transport over the API of Postmark. It knows no idempotency keys, but it can be asked: each mail carries its
 * execution as metadata, and a mail in doubt that the search finds was sent.
 *
 * @throws InvalidInput for options that make no sense; the text never holds the token.
 * @example
 * ```ts
 * const transport = postmark({ serverToken: process.env.POSTMARK_TOKEN ?? "" })
 * ```
 */
export const postmark = (options: PostmarkOptions): Transport => {
  const settings = parse(schema, options, 'The options of the transport "postmark"')
  const headers = { "x-postmark-server-token": settings.serverToken, accept: "application/json" }
  return providerTransport(
    {
      name: "postmark",
      call: (message, idempotencyKey) => ({
        url: `${settings.baseUrl}/email`,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(bodyOf(message, idempotencyKey, settings.messageStream)),
      }),
      classify,
      probe: { call: () => ({ url: `${settings.baseUrl}/server`, method: "GET", headers }) },
      lookup: {
        call: (idempotencyKey) => ({
          url: `${settings.baseUrl}/messages/outbound?count=1&offset=0&metadata_sendstate=${encodeURIComponent(idempotencyKey)}`,
          method: "GET",
          headers,
        }),
        read,
      },
      secrets: () => [settings.serverToken],
    },
    settings,
  )
}
