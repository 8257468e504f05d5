import type { IncomingMessage, RequestListener } from "node:http"
import { Readable } from "node:stream"

const requestOf = (incoming: IncomingMessage): Request => {
  const { method = "GET", url = "/", headers } = incoming
  const hasBody = method !== "GET" && method !== "HEAD"
  return new Request(new URL(url, "http://localhost"), {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    // The bytes as they came: signatures cover them.
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" } : {}),
  })
}

/** A handler of `Request` and `Response` for Node's own server. Frameworks that speak them need nothing of this. */
export const listener =
  (handler: (request: Request) => Promise<Response>): RequestListener =>
  async (incoming, outgoing) => {
    try {
      const response = await handler(requestOf(incoming))
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      outgoing.end(new Uint8Array(await response.arrayBuffer()))
    } catch (error) {
      // It could not be stored, and nobody was told that it was: providers and mail programs ask again.
      console.error(error)
      outgoing.writeHead(500).end()
    }
  }
