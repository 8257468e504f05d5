export type { Bounce, Feedback, FeedbackType } from "../sdk/index.ts"
export { isAutomatic, type MessageMarks } from "./automatic.ts"
export {
  type InboundMessage,
  type InboundPart,
  messageNameOf,
  type NamedMessage,
  parseInbound,
} from "./inbound-message.ts"
export { readFeedback } from "./read-feedback.ts"
export { type PostmarkWebhookOptions, postmarkWebhook } from "./webhooks/postmark.ts"
export { type ResendWebhookOptions, resendWebhook } from "./webhooks/resend.ts"
export { type SesWebhookOptions, sesWebhook } from "./webhooks/ses.ts"
export type { Webhook, WebhookRequest, WebhookResult } from "./webhooks/webhook.ts"
