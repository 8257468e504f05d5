import * as z from "zod"
import { parse } from "../../../sdk/schema.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { Transport } from "../../../sdk/transport/transport.ts"
import { rejection } from "../http/classify-status.ts"
import type { HttpReply } from "../http/http-call.ts"
import { attachmentsOf, checkEnvelope, headersOf, jsonOf, mailboxText } from "../http/message-json.ts"
import { baseUrlOf, type ProviderOptions, providerFields, secret } from "../http/provider-options.ts"
import { providerTransport } from "../http/provider-transport.ts"

/** Options of the `resend` transport. Defaults: 5 requests at once, 2 a second (what a new account is allowed). */
export interface ResendOptions extends ProviderOptions {
  /** `re_...`; with sending access. */
  readonly apiKey: string
}

const schema = z.strictObject({
  apiKey: secret,
  baseUrl: baseUrlOf("https://api.resend.com"),
  ...providerFields({ maxConcurrency: 5, maxPerSecond: 2 }),
})

/** Resend forgets an idempotency key after 24 hours; an hour less leaves room for clocks. */
const keyTtlMs = 23 * 3_600_000

const bodyOf = (message: Message, idempotencyKey: string): unknown => {
  checkEnvelope(message, "Resend")
  return {
    from: mailboxText(message.from),
    to: [mailboxText(message.to)],
    subject: message.subject,
    ...(message.html === undefined ? {} : { html: message.html }),
    text: message.text,
    ...(message.replyTo === undefined ? {} : { reply_to: [mailboxText(message.replyTo)] }),
    headers: { ...Object.fromEntries(headersOf(message)), "Message-ID": message.messageId },
    attachments: attachmentsOf(message).map(({ filename, base64, contentType, contentId }) => ({
      filename,
      content: base64,
      content_type: contentType,
      ...(contentId === undefined ? {} : { content_id: contentId }),
    })),
    // Comes back in webhooks.
    tags: [{ name: "sendstate", value: idempotencyKey }],
  }
}

const nameOf = (reply: HttpReply): string => {
  const name = jsonOf(reply.text)?.name
  return typeof name === "string" ? name : ""
}

// A validation error is one of a mail's fields, but also how Resend calls a wrong key (400 or 401, never the documented
// `invalid_api_key`: resend/resend-node#617) and a domain that is not verified (403).
const validationError = (reply: HttpReply): SendOutcome => {
  const isKeyWrong = reply.status === 400 && /\bapi key is\b/i.test(reply.text)
  if (isKeyWrong || reply.status === 401 || reply.status === 403)
    return rejection(reply, { scope: "config", retryable: true, code: "validation_error" })
  const scope = /`to`/.test(reply.text) ? "recipient" : "sender"
  return rejection(reply, { scope, retryable: false, code: "validation_error" })
}

const classify = (reply: HttpReply): SendOutcome | undefined => {
  const id = jsonOf(reply.text)?.id
  if (reply.status === 200 && typeof id === "string") return { type: "accepted", providerId: id, response: "200" }
  const name = nameOf(reply)
  switch (name) {
    case "daily_quota_exceeded":
    case "monthly_quota_exceeded":
    case "rate_limit_exceeded":
      return rejection(reply, { scope: "host", retryable: true, code: name })
    case "missing_api_key":
    case "invalid_api_key":
    case "restricted_api_key":
    case "invalid_access":
    case "not_found":
    case "method_not_allowed":
    case "invalid_from_address":
      return rejection(reply, { scope: "config", retryable: true, code: name })
    case "validation_error":
      return validationError(reply)
    case "concurrent_idempotent_requests":
    case "invalid_idempotent_request":
      // An earlier request with this key is at work or was: it may have been taken.
      return { type: "unknown", stage: name, reason: reply.text }
    default:
      return undefined
  }
}

/**
 * A transport over the API of Resend, which remembers idempotency keys for a day: what is in doubt is sent again
 * under the same key, and makes no second copy.
 *
 * @throws InvalidInput for options that make no sense; the text never holds the key.
 * @example
 * ```ts
 * const transport = resend({ apiKey: process.env.RESEND_API_KEY ?? "" })
 * ```
 */
export const resend = (options: ResendOptions): Transport => {
  const settings = parse(schema, options, 'The options of the transport "resend"')
  const headers = { authorization: `Bearer ${settings.apiKey}`, "user-agent": "sendstate" }
  return providerTransport(
    {
      name: "resend",
      call: (message, idempotencyKey) => ({
        url: `${settings.baseUrl}/emails`,
        headers: { ...headers, "content-type": "application/json", "idempotency-key": idempotencyKey },
        body: JSON.stringify(bodyOf(message, idempotencyKey)),
      }),
      classify,
      // A key that may only send may not ask this; the reply says that it is one.
      probe: {
        call: () => ({ url: `${settings.baseUrl}/domains`, method: "GET", headers }),
        passes: (reply) => nameOf(reply) === "restricted_api_key",
      },
      idempotent: { ttlMs: keyTtlMs },
      secrets: () => [settings.apiKey],
    },
    settings,
  )
}
