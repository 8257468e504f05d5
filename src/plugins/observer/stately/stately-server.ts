import { randomBytes } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { WebSocket } from "ws"
import * as z from "zod"
import { InvalidInput } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import { isAllowed } from "./access.ts"
import type { StatelyAdapter } from "./inspection-event.ts"
import { latestFrames } from "./latest-frames.ts"
import { optionalPackage } from "./optional-package.ts"
import { viewerHeaders, viewerPage } from "./viewer-page.ts"

/** Options of {@link statelyServer}. */
export interface StatelyServerOptions {
  /** Port on 127.0.0.1; default 0, which takes a free one. */
  readonly port?: number | undefined
  /** What a viewer has to know, at least 16 letters and digits; default: 32 random ones. */
  readonly token?: string | undefined
}

/** An adapter that serves what it is given to viewers on this machine. */
export interface StatelyServer extends StatelyAdapter {
  /** The page for a browser, token included. It frames Stately's hosted viewer. */
  readonly viewerUrl: string
  /** The WebSocket for a receiver, token included. */
  readonly webSocketUrl: string
  /** Ends all connections and frees the port; the observer's `close` does so too. */
  close(): Promise<void>
}

const schema = z.strictObject({
  port: z.int().min(0).max(65_535).default(0),
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,200}$/, "a token has 16 to 200 letters, digits, dashes and underscores")
    .optional(),
})

const maxViewers = 8
const maxRemembered = 200
/** A viewer that reads slower than this loses frames, so that memory stays bounded. */
const maxBufferedBytes = 1_000_000

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new InvalidInput({
          code: "port-unavailable",
          retryable: false,
          issues: [{ path: "port", message: `cannot listen there (${cause.code})` }],
          cause,
          message: `The inspector's server cannot listen on 127.0.0.1:${port} (${cause.code}). Choose another port, or 0 for a free one.`,
        }),
      ),
    )
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : port)
    })
  })

/**
 * A server on 127.0.0.1 for viewers of the `stately` observer: a page that frames Stately's viewer, and a WebSocket that
 * `createWebSocketReceiver` of `@statelyai/inspect` reads.
 *
 * Listens on loopback only, asks for a token, checks Host and Origin, takes nothing in. At most 8 viewers; a slow one
 * loses events; one that comes late gets the latest 200 actors and where they stand. Keeps no process alive.
 *
 * @throws InvalidInput for options that make no sense or a port that is taken; MissingDependency without `ws`.
 */
export const statelyServer = async (options: StatelyServerOptions = {}): Promise<StatelyServer> => {
  const { port: wanted, token = randomBytes(16).toString("hex") } = parse(
    schema,
    options,
    "The options of statelyServer",
  )
  const { WebSocketServer, WebSocket } = await optionalPackage("ws", () => import("ws"))
  const latest = latestFrames(maxRemembered)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false })
  const server = createServer((request, response) => {
    if (request.method === "GET" && isAllowed(request, port, token))
      response.writeHead(200, viewerHeaders(port)).end(viewerPage)
    else response.writeHead(403, { "content-type": "text/plain" }).end("Open the address that statelyServer gave.\n")
  })
  const welcome = (viewer: WebSocket): void => {
    viewer.on("error", () => viewer.terminate())
    for (const frame of latest.all()) viewer.send(frame)
  }
  server.on("upgrade", (request, socket, rest) => {
    socket.on("error", () => socket.destroy())
    if (!isAllowed(request, port, token) || sockets.clients.size >= maxViewers) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
      return
    }
    request.socket.unref()
    sockets.handleUpgrade(request, socket, rest, welcome)
  })
  const port = await listen(server, wanted)
  server.unref()

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      for (const viewer of sockets.clients) viewer.terminate()
      sockets.close()
      server.close(() => resolve())
      server.closeAllConnections()
    })
    return closing
  }
  return {
    viewerUrl: `http://127.0.0.1:${port}/?token=${token}`,
    webSocketUrl: `ws://127.0.0.1:${port}/?token=${token}`,
    send: (event) => {
      const frame = JSON.stringify(event)
      latest.remember(event, frame)
      for (const viewer of sockets.clients)
        if (viewer.readyState === WebSocket.OPEN && viewer.bufferedAmount < maxBufferedBytes) viewer.send(frame)
    },
    stop: () => void close(),
    close,
  }
}
