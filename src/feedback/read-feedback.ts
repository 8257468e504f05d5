import type { Feedback } from "../sdk/index.ts"
import { readDeliveryStatus } from "./delivery-status.ts"
import { readFeedbackReport } from "./feedback-report.ts"
import type { InboundMessage } from "./inbound-message.ts"
import { readReply } from "./reply.ts"

/**
 * What an incoming mail says about mails of ours: bounces and deliveries (RFC 3464), complaints (RFC 5965), replies.
 * Nothing for any other mail.
 */
export const readFeedback = (message: InboundMessage): ReadonlyArray<Feedback> => [
  ...readDeliveryStatus(message),
  ...readFeedbackReport(message),
  ...readReply(message),
]
