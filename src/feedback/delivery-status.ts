import type { Feedback } from "../sdk/index.ts"
import { bounceKind } from "./bounce-kind.ts"
import { addressField, type FieldGroup, fieldGroups } from "./field-groups.ts"
import { type InboundMessage, messageNameOf } from "./inbound-message.ts"
import { returnedMessage } from "./returned-message.ts"

const typeOf = (action: string): Feedback["type"] | undefined => {
  switch (action) {
    case "failed":
      return "bounced"
    case "delayed":
      return "deferred"
    case "delivered":
      return "delivered"
    // Handed on to something that sends no reports, or to a list: nothing is known.
    default:
      return undefined
  }
}

const dateOf = (text: string | undefined): number | undefined => {
  const at = Date.parse(text ?? "")
  return Number.isNaN(at) ? undefined : at
}

const bounceOf = (group: FieldGroup): NonNullable<Feedback["bounce"]> => {
  const diagnostic = (group["diagnostic-code"] ?? "").replace(/^\s*[\w-]+\s*;\s*/, "")
  const words = /^(\d{3})(?:[ -]+(\d\.\d{1,3}\.\d{1,3}))?/.exec(diagnostic)
  const status = /^\d\.\d{1,3}\.\d{1,3}/.exec(group.status ?? "")?.[0]
  // Many servers report the vague 5.0.0 where their own reply was exact.
  const enhancedCode = status === undefined || /^\d\.0\.0$/.test(status) ? (words?.[2] ?? status) : status
  return {
    kind: bounceKind(
      enhancedCode === "5.0.0" ? undefined : enhancedCode,
      words === null ? undefined : Number(words[1]),
    ),
    ...(enhancedCode === undefined ? {} : { enhancedCode }),
    ...(diagnostic === "" ? {} : { text: diagnostic.slice(0, 1_000) }),
  }
}

/**
 * What a delivery status notification (RFC 3464) says, one entry a recipient; nothing when the mail is none.
 */
export const readDeliveryStatus = (message: InboundMessage): ReadonlyArray<Feedback> => {
  const report = message.parts.find(({ contentType }) => /^message\/(global-)?delivery-status$/.test(contentType))
  if (report === undefined) return []
  const { executionId, to } = returnedMessage(message)
  return fieldGroups(report.content).flatMap((group, index): ReadonlyArray<Feedback> => {
    const type = typeOf((group.action ?? "").trim().toLowerCase())
    if (type === undefined) return []
    const email = addressField(group["original-recipient"]) ?? addressField(group["final-recipient"]) ?? to
    const at = dateOf(group["last-attempt-date"]) ?? message.date
    return [
      {
        id: `dsn:${messageNameOf(message)}:${index}`,
        type,
        ...(at === undefined ? {} : { at }),
        ...(executionId === undefined ? {} : { executionId }),
        ...(email === undefined ? {} : { email }),
        ...(type === "delivered" ? {} : { bounce: bounceOf(group) }),
      },
    ]
  })
}
