import type { Feedback } from "../../sdk/index.ts"

/** A request as the provider sent it: the signature covers the raw bytes. */
export interface WebhookRequest {
  readonly headers: Headers
  readonly body: Uint8Array
  /** Epoch ms of its arrival. */
  readonly now: number
}

/** What a webhook's request turned out to be. */
export type WebhookResult =
  | { readonly type: "feedback"; readonly feedback: ReadonlyArray<Feedback> }
  /** Not signed by the provider, too old, or not readable: nothing of it is used. */
  | { readonly type: "refused"; readonly reason: string }

/** One provider's way to tell what became of a mail. */
export interface Webhook {
  /** For errors and logs. */
  readonly name: string
  /** Verifies the request, then reads it. Never throws for what a stranger may send. */
  read(request: WebhookRequest): Promise<WebhookResult>
}

/** How far a signed timestamp may be from our clock, either way: what is older is a replay. */
export const largestSkewMs = 5 * 60_000

/** What a verified request says. */
export const verified = (feedback: ReadonlyArray<Feedback>): WebhookResult => ({
  type: "feedback",
  feedback: feedback.map((one) => ({ ...one, authentic: true })),
})

export const refused = (reason: string): WebhookResult => ({ type: "refused", reason })
