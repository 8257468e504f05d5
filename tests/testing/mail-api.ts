import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Mood, Received } from "sendstate/testing"

const replies: Partial<Record<Mood, readonly [status: number, body: object]>> = {
  refuses: [422, { statusCode: 422, name: "validation_error", message: "Invalid `to` field." }],
  busy: [429, { statusCode: 429, name: "rate_limit_exceeded", message: "slow down" }],
}

/** A provider's HTTP API in a mood: one mail for each POST, none again for a key that it knows. */
export const moodyApi = async (messageIdIn: (body: { readonly [key: string]: unknown }) => string) => {
  let mood: Mood = "takes"
  const received: Array<Received> = []
  const keys = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      if (mood === "silent") return
      const [status, answer] = replies[mood] ?? [200, { id: "1" }]
      const key = String(request.headers["idempotency-key"])
      if (status === 200 && request.method === "POST" && !keys.has(key)) {
        const body = JSON.parse(Buffer.concat(chunks).toString())
        received.push({ to: String([body.to].flat()[0]).replace(/^.*<(.*)>$/, "$1"), messageId: messageIdIn(body) })
        keys.add(key)
      }
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const stop = (): Promise<unknown> =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(resolve)
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: (): ReadonlyArray<Received> => received,
    mood: async (next: Mood) => {
      mood = next
      if (next === "gone") await stop()
    },
    dispose: () => (mood === "gone" ? undefined : stop()),
  }
}
