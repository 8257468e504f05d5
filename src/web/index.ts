export { type UnsubscribeHandlerOptions, type Unsubscription, unsubscribeHandler } from "./unsubscribe-handler.ts"
export type { UnsubscribePageState } from "./unsubscribe-page.ts"
export { type WebhookHandlerOptions, webhookHandler } from "./webhook-handler.ts"
