import type { Feedback, FeedbackType } from "../../sdk/index.ts"
import { InvalidInput } from "../../sdk/index.ts"
import { bounceKind } from "../bounce-kind.ts"
import { instantOf, jsonBody, objectOf, textOf } from "./event-body.ts"
import { hmac, sameBytes } from "./signature.ts"
import { largestSkewMs, refused, verified, type Webhook, type WebhookRequest } from "./webhook.ts"

const types: Readonly<Record<string, FeedbackType>> = {
  "email.delivered": "delivered",
  "email.delivery_delayed": "deferred",
  "email.bounced": "bounced",
  "email.failed": "bounced",
  "email.complained": "complained",
  "email.opened": "opened",
  "email.clicked": "clicked",
}

// The tag that the `resend` transport sets; webhooks give tags as an object or as a list.
const executionOf = (tags: unknown): string | undefined =>
  Array.isArray(tags)
    ? textOf(objectOf(tags.find((tag) => objectOf(tag).name === "sendstate")).value)
    : textOf(objectOf(tags).sendstate)

const bounceOf = (data: Readonly<Record<string, unknown>>): NonNullable<Feedback["bounce"]> => {
  const bounce = objectOf(data.bounce ?? data.failed)
  const text = textOf(bounce.message ?? bounce.reason)
  const enhancedCode = /\b\d\.\d{1,3}\.\d{1,3}\b/.exec(text ?? "")?.[0]
  const permanent = bounce.type === "Permanent" && bounce.subType !== "Suppressed"
  return {
    kind: enhancedCode === undefined ? (permanent ? "hard" : "soft") : bounceKind(enhancedCode),
    ...(enhancedCode === undefined ? {} : { enhancedCode }),
    ...(text === undefined ? {} : { text }),
  }
}

const feedbackOf = (id: string, event: Readonly<Record<string, unknown>>): ReadonlyArray<Feedback> => {
  const type = types[textOf(event.type) ?? ""]
  if (type === undefined) return []
  const data = objectOf(event.data)
  const executionId = executionOf(data.tags)
  const email = textOf(Array.isArray(data.to) ? data.to[0] : data.to)
  const at = instantOf(event.created_at)
  const url = textOf(objectOf(data.click).link)
  return [
    {
      id: `resend:${id}`,
      type,
      ...(at === undefined ? {} : { at }),
      ...(executionId === undefined ? {} : { executionId }),
      ...(email === undefined ? {} : { email }),
      ...(type === "bounced" || type === "deferred" ? { bounce: bounceOf(data) } : {}),
      ...(type === "clicked" && url !== undefined ? { url } : {}),
    },
  ]
}

const isSigned = ({ headers, body }: WebhookRequest, key: Uint8Array, id: string, timestamp: string): boolean => {
  const expected = hmac(key, `${id}.${timestamp}.`, body)
  // Several while a secret is being replaced.
  return (headers.get("svix-signature") ?? "")
    .split(" ")
    .filter((part) => part.startsWith("v1,"))
    .some((part) => sameBytes(Buffer.from(part.slice(3), "base64"), expected))
}

/** Options of {@link resendWebhook}. */
export interface ResendWebhookOptions {
  /** The signing secret, `whsec_...`, as Resend shows it. */
  readonly secret: string
}

/**
 * The webhook of Resend, signed as Svix does: HMAC-SHA256 over id, timestamp and raw body.
 *
 * @throws InvalidInput for a secret that is none.
 */
export const resendWebhook = ({ secret }: ResendWebhookOptions): Webhook => {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  if (key.byteLength < 16)
    throw new InvalidInput({
      code: "invalid-input",
      retryable: false,
      issues: [{ path: "secret", message: "is no whsec_... secret" }],
      message: "The webhook of Resend needs the signing secret that its dashboard shows (whsec_...).",
    })
  return {
    name: "resend",
    read: async (request) => {
      const { headers, body, now } = request
      const id = headers.get("svix-id") ?? ""
      const timestamp = headers.get("svix-timestamp") ?? ""
      if (id === "" || !/^\d{1,12}$/.test(timestamp)) return refused("unsigned")
      if (!isSigned(request, key, id, timestamp)) return refused("wrong-signature")
      if (Math.abs(now - Number(timestamp) * 1_000) > largestSkewMs) return refused("too-old")
      const event = jsonBody(body)
      return event === undefined ? refused("no-json") : verified(feedbackOf(id, event))
    },
  }
}
