export type { Unsubscription } from "../sdk/index.ts"
export { type UnsubscribeHandlerOptions, unsubscribeHandler } from "./unsubscribe-handler.ts"
export type { UnsubscribePageState } from "./unsubscribe-page.ts"
export { type WebhookHandlerOptions, webhookHandler } from "./webhook-handler.ts"
