import { createHash, timingSafeEqual } from "node:crypto"
import type { IncomingMessage } from "node:http"

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/**
 * Who may read from a server on loopback: whoever has the token, under the server's own name.
 *
 * Any web page may call 127.0.0.1, also under a name of its own (DNS rebinding): so Host, Origin and token are checked.
 */
export const isAllowed = (request: IncomingMessage, port: number, token: string): boolean => {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(request.headers.host ?? "")) return false
  const { origin } = request.headers
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return false
  const url = URL.parse(request.url ?? "", "http://127.0.0.1")
  if (url?.pathname !== "/") return false
  return timingSafeEqual(digest(url.searchParams.get("token") ?? ""), digest(token))
}
