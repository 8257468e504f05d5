import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Feedback, Webhook } from "../feedback/index.ts"
import { readBody, reply } from "./request-body.ts"

/** Options of {@link webhookHandler}. */
export interface WebhookHandlerOptions {
  readonly webhook: Webhook
  /**
   * Makes it durable; the same `id` again must change nothing, since providers repeat: `runtime.receiveFeedback`.
   * What it rejects with is passed on: the framework logs it and answers 500, and the provider tries again.
   */
  readonly receive: (feedback: ReadonlyArray<Feedback>) => Promise<unknown>
  /** Epoch ms; default: the clock of this machine. */
  readonly now?: () => number
}

const largestBody = 1_048_576

/**
 * Serves a provider's webhook, in any framework that speaks `Request` and `Response`. The raw body must reach it: the
 * signature covers its bytes.
 *
 * Answers 200 once it is durable, 401 for what the provider did not sign; rejects when it could not be stored.
 */
export const webhookHandler = ({
  webhook,
  receive,
  now = () => Effect.runSync(Clock.currentTimeMillis),
}: WebhookHandlerOptions): ((request: Request) => Promise<Response>) => {
  return async (request) => {
    if (request.method !== "POST") return reply(405, "Use POST.", { allow: "POST" })
    const body = await readBody(request, largestBody)
    if (body === undefined) return reply(413, "Too long.")
    const result = await webhook.read({ headers: request.headers, body, now: now() })
    if (result.type === "refused") return reply(401, `Refused: ${result.reason}.`)
    await receive(result.feedback)
    return reply(200, "ok")
  }
}
