import type { Feedback } from "../sdk/index.ts"
import { addressField, fieldGroups } from "./field-groups.ts"
import { type InboundMessage, messageNameOf } from "./inbound-message.ts"
import { returnedMessage } from "./returned-message.ts"

/**
 * What an abuse report (ARF, RFC 5965) says; nothing when the mail is none, or when its type is about something else:
 * `not-spam`, `auth-failure`, `virus`.
 */
export const readFeedbackReport = (message: InboundMessage): ReadonlyArray<Feedback> => {
  const report = message.parts.find(({ contentType }) => contentType === "message/feedback-report")
  const fields = report === undefined ? undefined : fieldGroups(report.content)[0]
  const kind = fields?.["feedback-type"]?.toLowerCase()
  const type = kind === "abuse" || kind === "fraud" ? "complained" : kind === "opt-out" ? "unsubscribed" : undefined
  if (fields === undefined || type === undefined) return []
  const { executionId, to } = returnedMessage(message)
  const email = addressField(fields["original-rcpt-to"]) ?? to
  const at = Date.parse(fields["arrival-date"] ?? fields["received-date"] ?? "")
  return [
    {
      id: `arf:${messageNameOf(message)}`,
      type,
      ...(Number.isNaN(at) ? (message.date === undefined ? {} : { at: message.date }) : { at }),
      ...(executionId === undefined ? {} : { executionId }),
      ...(email === undefined ? {} : { email }),
    },
  ]
}
