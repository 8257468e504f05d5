import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { onTestFinished } from "vitest"
import { serverUrl } from "./server.ts"

/** A TCP proxy before the server that can cut what goes through it. */
export interface Proxy {
  readonly url: string
  /** Ends all connections; new ones are taken. */
  readonly cut: () => void
  /** The next time a client sends this text, the server gets it and the client hears nothing any more. */
  readonly cutAfter: (text: string) => void
}

export const startProxy = async (): Promise<Proxy> => {
  const { hostname, port, pathname, username } = new URL(serverUrl)
  const pairs = new Set<readonly [Socket, Socket]>()
  let last: string | undefined
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port || 5_432) })
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    client.on("data", (chunk: Buffer) => {
      const isLast = last !== undefined && chunk.includes(last)
      if (!isLast) return void upstream.write(chunk)
      last = undefined
      // The server works on it, and nobody hears its answer.
      upstream.removeAllListeners("data").resume()
      upstream.write(chunk, () => setTimeout(end, 300))
    })
    upstream.on("data", (chunk: Buffer) => void client.write(chunk))
    for (const socket of pair) socket.on("error", end).on("close", end)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.destroy()
      upstream.destroy()
    }
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return {
    url: `postgres://${username}@127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    cut,
    cutAfter: (text) => {
      last = text
    },
  }
}
