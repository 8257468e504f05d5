import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { checkSigningKeys, contentHash, type Feedback, readToken, type SigningKeys } from "../sdk/index.ts"
import { reply, tokenOf } from "./request-body.ts"

/** Options of {@link trackingHandler}. */
export interface TrackingHandlerOptions {
  /** Those that `withTracking` has. */
  readonly signingKeys: SigningKeys
  /**
   * Hears of each open and click: `runtime.receiveFeedback`. The `id` is the same for each open of one mail, and for each
   * click on one link of it.
   */
  readonly receive: (feedback: Feedback) => Promise<unknown>
  /**
   * Hears what `receive` rejects with, and the reader gets the page all the same. Default: the handler rejects, and the
   * reader does not.
   */
  readonly onError?: (error: unknown) => void
  /** Epoch ms; default: the clock of this machine. */
  readonly now?: () => number
}

/** A transparent GIF of one pixel. */
const pixel = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64")

const headers = { "cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff" }

const image = (): Response => new Response(pixel, { headers: { ...headers, "content-type": "image/gif" } })

// Scanners and browsers that look ahead say so, some of them.
const isPrefetch = ({ headers: given }: Request): boolean =>
  ["sec-purpose", "purpose", "x-purpose", "x-moz"].some((name) => /prefetch|preview/i.test(given.get(name) ?? ""))

/** What a link of ours stands for. */
interface Tracked {
  readonly news: Pick<Feedback, "id" | "type" | "executionId" | "url">
  readonly answer: () => Response
}

const clicked = (executionId: string, url: string): Tracked | undefined => {
  // As ASCII: a header holds nothing else.
  const location = URL.parse(url)?.href
  if (location === undefined) return undefined
  return {
    news: { id: `clicked:${executionId}:${contentHash(url)}`, type: "clicked", executionId, url },
    answer: () => new Response(null, { status: 302, headers: { ...headers, location } }),
  }
}

const trackedBy = (keys: ReadonlyArray<Uint8Array>, token: string): Tracked | undefined => {
  const [clickedIn, url] = readToken(keys, "click/1", token) ?? []
  if (clickedIn !== undefined && url !== undefined) return clicked(clickedIn, url)
  const [executionId] = readToken(keys, "open/1", token) ?? []
  return executionId === undefined
    ? undefined
    : { news: { id: `opened:${executionId}`, type: "opened", executionId }, answer: image }
}

/**
 * Serves what `withTracking` puts into mails, in any framework that speaks `Request` and `Response`: the image that tells of
 * an open, and the links. It leads to no address that was not signed: anything else is 404. A HEAD and a prefetch that says
 * so are answered and not counted.
 *
 * @throws InvalidInput for a signing key of fewer than 32 bytes.
 */
export const trackingHandler = (options: TrackingHandlerOptions): ((request: Request) => Promise<Response>) => {
  const keys = checkSigningKeys(options.signingKeys)
  const now = options.now ?? (() => Effect.runSync(Clock.currentTimeMillis))
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return reply(405, "Use GET.", { allow: "GET, HEAD" })
    const tracked = trackedBy(keys, tokenOf(request))
    if (tracked === undefined) return reply(404, "There is no such link.")
    if (request.method === "GET" && !isPrefetch(request)) {
      try {
        await options.receive({ ...tracked.news, at: now(), authentic: true })
      } catch (error) {
        if (options.onError === undefined) throw error
        options.onError(error)
      }
    }
    return tracked.answer()
  }
}
