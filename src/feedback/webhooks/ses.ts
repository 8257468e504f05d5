import { verify, X509Certificate } from "node:crypto"
import type { Feedback, FeedbackType } from "../../sdk/index.ts"
import { bounceKind } from "../bounce-kind.ts"
import { instantOf, jsonBody, objectOf, textOf } from "./event-body.ts"
import { largestSkewMs, refused, verified, type Webhook } from "./webhook.ts"

type JsonObject = Readonly<Record<string, unknown>>

const types: Readonly<Record<string, FeedbackType>> = {
  Delivery: "delivered",
  DeliveryDelay: "deferred",
  Bounce: "bounced",
  Reject: "bounced",
  Complaint: "complained",
  Open: "opened",
  Click: "clicked",
  Subscription: "unsubscribed",
}

const bounceOf = (bounceType: unknown, recipient: JsonObject): NonNullable<Feedback["bounce"]> => {
  const enhancedCode = /^\d\.\d{1,3}\.\d{1,3}/.exec(textOf(recipient.status) ?? "")?.[0]
  const text = textOf(recipient.diagnosticCode)
  const kind = bounceType === "Permanent" && (enhancedCode === undefined || bounceKind(enhancedCode) === "hard")
  return {
    kind: kind ? "hard" : "soft",
    ...(enhancedCode === undefined ? {} : { enhancedCode }),
    ...(text === undefined ? {} : { text }),
  }
}

// The part of the event that is about this type, and the recipients that it names.
const detailOf = (event: JsonObject, name: string): JsonObject =>
  objectOf(event[name[0]?.toLowerCase() + name.slice(1)])

const recipientsOf = (name: string, detail: JsonObject, mail: JsonObject): ReadonlyArray<JsonObject> => {
  const named =
    detail[
      name === "Bounce" ? "bouncedRecipients" : name === "Complaint" ? "complainedRecipients" : "delayedRecipients"
    ]
  if (Array.isArray(named)) return named.map(objectOf)
  const destination = Array.isArray(mail.destination) ? mail.destination : []
  return destination.map((emailAddress) => ({ emailAddress }))
}

const feedbackOf = (messageId: string, event: JsonObject): ReadonlyArray<Feedback> => {
  const name = textOf(event.eventType) ?? textOf(event.notificationType) ?? ""
  const type = types[name]
  if (type === undefined) return []
  const mail = objectOf(event.mail)
  const detail = detailOf(event, name)
  const tag = objectOf(mail.tags).sendstate
  const executionId = textOf(Array.isArray(tag) ? tag[0] : tag)
  const at = instantOf(detail.timestamp) ?? instantOf(mail.timestamp)
  const url = textOf(detail.link)
  return recipientsOf(name, detail, mail).map((recipient, index) => {
    const email = textOf(recipient.emailAddress)
    return {
      id: `ses:${messageId}:${index}`,
      type,
      ...(at === undefined ? {} : { at }),
      ...(executionId === undefined ? {} : { executionId }),
      ...(email === undefined ? {} : { email }),
      ...(type === "bounced" || type === "deferred" ? { bounce: bounceOf(detail.bounceType, recipient) } : {}),
      ...(type === "clicked" && url !== undefined ? { url } : {}),
    }
  })
}

const signedFields: Readonly<Record<string, ReadonlyArray<string>>> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}

const isOfAws = (text: string | undefined): text is string => {
  const url = URL.parse(text ?? "")
  return url !== null && url.protocol === "https:" && /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(url.host)
}

const isSigned = (envelope: JsonObject, certificate: string): boolean => {
  const text = (signedFields[String(envelope.Type)] ?? [])
    .filter((field) => typeof envelope[field] === "string")
    .map((field) => `${field}\n${String(envelope[field])}\n`)
    .join("")
  const algorithm = envelope.SignatureVersion === "2" ? "sha256" : "sha1"
  try {
    const { publicKey } = new X509Certificate(certificate)
    return verify(algorithm, Buffer.from(text), publicKey, Buffer.from(String(envelope.Signature), "base64"))
  } catch {
    // No certificate, or no signature: not signed.
    return false
  }
}

/** Options of {@link sesWebhook}. */
export interface SesWebhookOptions {
  /** The only topic that is believed. */
  readonly topicArn: string
  /** Default: the global `fetch`. Used for the signing certificate and to confirm the subscription, at Amazon's hosts only. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * The events of Amazon SES as an SNS topic posts them. Each is verified with the certificate of Amazon; the topic's
 * subscription is confirmed when Amazon asks.
 */
export const sesWebhook = ({ topicArn, fetch = globalThis.fetch }: SesWebhookOptions): Webhook => {
  const certificates = new Map<string, string>()
  const certificateAt = async (url: string): Promise<string | undefined> => {
    const known = certificates.get(url)
    if (known !== undefined) return known
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(10_000) })
    if (!response.ok) return undefined
    const text = await response.text()
    // Amazon has one at a time; anything more is somebody's play.
    if (certificates.size >= 8) certificates.clear()
    certificates.set(url, text)
    return text
  }
  return {
    name: "ses",
    read: async ({ body, now }) => {
      const envelope = jsonBody(body)
      if (envelope === undefined) return refused("no-json")
      if (envelope.TopicArn !== topicArn) return refused("other-topic")
      const certificateUrl = textOf(envelope.SigningCertURL)
      if (!isOfAws(certificateUrl)) return refused("foreign-certificate")
      const certificate = await certificateAt(certificateUrl)
      if (certificate === undefined || !isSigned(envelope, certificate)) return refused("wrong-signature")
      const sentAt = instantOf(envelope.Timestamp)
      if (envelope.Type === "SubscriptionConfirmation") {
        if (sentAt === undefined || Math.abs(now - sentAt) > largestSkewMs) return refused("too-old")
        const url = textOf(envelope.SubscribeURL)
        if (!isOfAws(url)) return refused("foreign-confirmation")
        await fetch(url, { redirect: "error", signal: AbortSignal.timeout(10_000) })
        return { type: "feedback", feedback: [] }
      }
      const event = jsonBody(textOf(envelope.Message) === undefined ? "" : String(envelope.Message))
      if (event === undefined) return refused("no-event")
      return verified(feedbackOf(String(envelope.MessageId), event))
    },
  }
}
