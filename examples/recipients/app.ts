import type { Runtime } from "sendstate"
import { parseInbound, readFeedback, resendWebhook } from "sendstate/feedback"
import { trackingHandler, unsubscribeHandler, webhookHandler } from "sendstate/web"

/** Secrets of the server; they come from its environment. */
export interface Secrets {
  /** Signs the links that tell of clicks. */
  readonly links: string
  /** Signs what the provider posts; its dashboard shows it. */
  readonly webhook: string
}

type Handler = (request: Request) => Promise<Response>

/** Takes in a raw mail. What it is follows from what stands in it: nobody has to be believed. */
const inboundHandler =
  (runtime: Runtime): Handler =>
  async (request) => {
    const message = await parseInbound(new Uint8Array(await request.arrayBuffer()))
    const answer = await runtime.receive(message)
    if (answer.ignored !== "automatic") return Response.json(answer)
    // A program wrote it: a bounce, a complaint, or nothing that matters.
    return Response.json(await runtime.receiveFeedback(readFeedback(message)))
  }

/** All that recipients, their mail servers and the provider ask of a server, by the beginning of the path. */
export const recipientsApp = (runtime: Runtime, secrets: Secrets): Handler => {
  const routes: ReadonlyArray<readonly [path: string, handler: Handler]> = [
    ["/u/", unsubscribeHandler({ signingKeys: runtime.signingKeys(), unsubscribe: runtime.unsubscribe })],
    [
      "/t/",
      trackingHandler({ signingKeys: [secrets.links], receive: runtime.receiveFeedback, onError: console.error }),
    ],
    [
      "/webhooks/resend",
      webhookHandler({ webhook: resendWebhook({ secret: secrets.webhook }), receive: runtime.receiveFeedback }),
    ],
    ["/inbound", inboundHandler(runtime)],
  ]
  return async (request) => {
    const { pathname } = new URL(request.url)
    const [, handler] = routes.find(([path]) => pathname.startsWith(path)) ?? []
    return handler === undefined ? new Response("There is no such page.", { status: 404 }) : handler(request)
  }
}
