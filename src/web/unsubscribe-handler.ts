import { checkSigningKeys, readUnsubscribeToken, type SigningKeys, type Unsubscription } from "../sdk/index.ts"
import { readBody, reply, tokenOf } from "./request-body.ts"
import { type UnsubscribePageState, unsubscribePage } from "./unsubscribe-page.ts"

/** Options of {@link unsubscribeHandler}. */
export interface UnsubscribeHandlerOptions {
  /** The keys that the links are signed with: `runtime.signingKeys()`, or those that the runtime was given. */
  readonly signingKeys: SigningKeys
  /** Makes it durable: `runtime.unsubscribe`. Called again for the same link, it must do no harm. */
  readonly unsubscribe: (who: Unsubscription) => Promise<unknown>
  /** HTML instead of the built-in pages. */
  readonly page?: (state: UnsubscribePageState) => string
}

const largestBody = 16_384

/**
 * Serves the unsubscribe links of mails, in any framework that speaks `Request` and `Response`.
 *
 * A GET shows a page that asks: mail scanners open every link, and must not unsubscribe anybody. A POST acts, at once
 * and without cookies or redirect: with `List-Unsubscribe=One-Click` as mail programs send it (RFC 8058), and from
 * the page's own button. Idempotent. Answers 200 only when it is durable, 400 for a token that was not signed here; rejects when it could not
 * be stored.
 *
 * @throws InvalidInput for a signing key of fewer than 32 bytes.
 * @example
 * ```ts
 * const unsubscribe = unsubscribeHandler({
 *   signingKeys: runtime.signingKeys(),
 *   unsubscribe: runtime.unsubscribe,
 * })
 * server.all("/unsubscribe/:token", (request) => unsubscribe(request))
 * ```
 */
export const unsubscribeHandler = (options: UnsubscribeHandlerOptions): ((request: Request) => Promise<Response>) => {
  const keys = checkSigningKeys(options.signingKeys)
  const page = options.page ?? unsubscribePage
  const html = (status: number, state: UnsubscribePageState): Response =>
    reply(status, page(state), {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    })
  return async (request) => {
    const who = readUnsubscribeToken(keys, tokenOf(request))
    if (who === undefined) return html(400, "invalid")
    if (request.method === "GET" || request.method === "HEAD") return html(200, "ask")
    if (request.method !== "POST") return reply(405, "Use GET or POST.", { allow: "GET, HEAD, POST" })
    const body = await readBody(request, largestBody)
    if (body === undefined) return reply(413, "Too long.")
    await options.unsubscribe(who)
    return html(200, "done")
  }
}
