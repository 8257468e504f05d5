import type { Feedback } from "../sdk/index.ts"
import { type InboundMessage, nameOf } from "./inbound-message.ts"
import { executionOfMessageId } from "./our-message.ts"

/**
 * Whether a program wrote it: vacation notices, receipts, reports, lists (RFC 3834, RFC 8098, RFC 2919). Neither a reply
 * nor a bounce.
 */
export const isAutomatic = ({ headers, from, parts }: InboundMessage): boolean =>
  !/^\s*(no\b|$)/i.test(headers["auto-submitted"] ?? "") ||
  /^(auto_reply|bulk|junk|list)$/i.test(headers.precedence ?? "") ||
  headers["x-autoreply"] !== undefined ||
  headers["x-autorespond"] !== undefined ||
  headers["list-id"] !== undefined ||
  /^<\s*>$/.test(headers["return-path"] ?? "") ||
  /^(mailer-daemon|postmaster|no-?reply)@/i.test(from) ||
  parts.some(({ contentType }) =>
    /^message\/(disposition-notification|(global-)?delivery-status|feedback-report)$/.test(contentType),
  )

/** The reply of a person to one of our mails, recognised by In-Reply-To, then by the latest reference. */
export const readReply = (message: InboundMessage): ReadonlyArray<Feedback> => {
  if (isAutomatic(message)) return []
  const executionId = [message.inReplyTo ?? "", ...[...message.references].reverse()]
    .map(executionOfMessageId)
    .find((id) => id !== undefined)
  if (executionId === undefined) return []
  return [
    {
      id: `reply:${nameOf(message)}`,
      type: "replied",
      ...(message.date === undefined ? {} : { at: message.date }),
      executionId,
      email: message.from,
    },
  ]
}
