import type { Feedback } from "../../sdk/index.ts"
import { InvalidInput } from "../../sdk/index.ts"
import { instantOf, jsonBody, objectOf, textOf } from "./event-body.ts"
import { hmac, sameBytes } from "./signature.ts"
import { refused, verified, type Webhook } from "./webhook.ts"

/** What an event says beside execution and address. */
type News = Pick<Feedback, "type"> & Partial<Pick<Feedback, "bounce" | "url">> & { readonly at: unknown }

// Types of bounces after which the address will not work: https://postmarkapp.com/developer/api/bounce-api
const hard = /^(HardBounce|BadEmailAddress|ManuallyDeactivated|Unknown)$/

const newsOf = (event: Readonly<Record<string, unknown>>): News | undefined => {
  const url = textOf(event.OriginalLink)
  switch (event.RecordType) {
    case "Delivery":
      return { type: "delivered", at: event.DeliveredAt }
    case "Open":
      return { type: "opened", at: event.ReceivedAt }
    case "Click":
      return { type: "clicked", at: event.ReceivedAt, ...(url === undefined ? {} : { url }) }
    case "SpamComplaint":
      return { type: "complained", at: event.BouncedAt }
    case "SubscriptionChange":
      return event.SuppressSending === true && event.Origin === "Recipient"
        ? { type: "unsubscribed", at: event.ChangedAt }
        : undefined
    case "Bounce": {
      const bounceType = textOf(event.Type) ?? ""
      if (/^(AutoResponder|AddressChange|OpenRelayTest|ChallengeVerification|Subscribe|Unsubscribe)$/.test(bounceType))
        return undefined
      const text = textOf(event.Details) ?? textOf(event.Description)
      const bounce = { kind: hard.test(bounceType) ? ("hard" as const) : ("soft" as const) }
      return { type: "bounced", at: event.BouncedAt, bounce: text === undefined ? bounce : { ...bounce, text } }
    }
    default:
      return undefined
  }
}

const feedbackOf = (event: Readonly<Record<string, unknown>>): ReadonlyArray<Feedback> => {
  const news = newsOf(event)
  if (news === undefined) return []
  const { at: when, ...rest } = news
  const executionId = textOf(objectOf(event.Metadata).sendstate)
  const email = textOf(event.Email) ?? textOf(event.Recipient)
  const at = instantOf(when)
  // Bounces have an id of their own; other events are told apart by mail, kind and time.
  const id = event.ID ?? `${textOf(event.MessageID) ?? ""}:${textOf(event.RecordType) ?? ""}:${textOf(when) ?? ""}`
  return [
    {
      id: `postmark:${String(id)}`,
      ...rest,
      ...(at === undefined ? {} : { at }),
      ...(executionId === undefined ? {} : { executionId }),
      ...(email === undefined ? {} : { email }),
    },
  ]
}

/** Options of {@link postmarkWebhook}. */
export interface PostmarkWebhookOptions {
  /** As in the webhook's URL. */
  readonly user: string
  /** As in the webhook's URL; at least 16 characters. */
  readonly password: string
}

/**
 * The webhook of Postmark, which signs nothing: it is known by the user and password in the webhook's URL
 * (`https://user:password@acme.test/hooks`), so give it a long random password.
 *
 * @throws InvalidInput for a password of fewer than 16 characters.
 */
export const postmarkWebhook = (options: PostmarkWebhookOptions): Webhook => {
  if (options.password.length < 16)
    throw new InvalidInput({
      code: "invalid-input",
      retryable: false,
      issues: [{ path: "password", message: "is shorter than 16 characters" }],
      message: "The webhook of Postmark is protected by its password alone: give it at least 16 random characters.",
    })
  const expected = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString("base64")}`
  // Compared as hashes, so that neither length nor content shows in the time it takes.
  const key = Buffer.from(expected)
  return {
    name: "postmark",
    read: async ({ headers, body }) => {
      const given = headers.get("authorization") ?? ""
      if (!sameBytes(hmac(key, given), hmac(key, expected))) return refused("wrong-password")
      const event = jsonBody(body)
      return event === undefined ? refused("no-json") : verified(feedbackOf(event))
    },
  }
}
