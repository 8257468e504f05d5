import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

/** A request as it came in. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What the provider does with a request. */
export type Behaviour = (request: Request, response: ServerResponse) => void

/** A reply with a JSON body. */
export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
  }

/** A reply as some box in between gives it. */
export const page =
  (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, { "content-type": "text/html", ...headers }).end("<h1>sorry</h1>")
  }

/** The whole request is read, then the connection breaks. */
export const hangUp: Behaviour = (_, response) => response.socket?.destroy()

/** Half of a reply, then nothing. */
export const half: Behaviour = (_, response) => {
  response.writeHead(200, { "content-length": "1000" }).write("{")
  setImmediate(() => response.socket?.destroy())
}

/** Reads the request and never answers. */
export const silence: Behaviour = () => {}

export interface FakeProvider {
  readonly url: string
  readonly requests: ReadonlyArray<Request>
}

/** An HTTP server on this machine that behaves as told, and remembers what it was asked; gone after the test. */
export const fakeProvider = async (behaviour: Behaviour): Promise<FakeProvider> => {
  const requests: Array<Request> = []
  const server = createServer((incoming, response) => {
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
    incoming.on("end", () => {
      const { method = "", url: path = "", headers } = incoming
      const request = { method, path, headers, body: Buffer.concat(chunks).toString() }
      requests.push(request)
      behaviour(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
