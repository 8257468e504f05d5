import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Mood, Received } from "sendstate/testing"

type Body = Readonly<Record<string, unknown>>
type Reply = readonly [status: number, body: object, headers?: Readonly<Record<string, string>>]

/** How a provider speaks. */
export interface Provider {
  /** Whose mail the body of a request is. */
  readonly mailIn: (body: Body) => Received
  /** Its replies, where they differ. */
  readonly replies?: Partial<Record<Mood, Reply>>
  /** Its answer to a question, by the bodies that it has taken; default: as to a mail that is taken. */
  readonly find?: (path: string, taken: ReadonlyArray<Body>) => object | undefined
}

const usual: Partial<Record<Mood, Reply>> = {
  takes: [200, { id: "1" }],
  refuses: [422, { statusCode: 422, name: "validation_error", message: "Invalid `to` field." }],
  busy: [429, { statusCode: 429, name: "rate_limit_exceeded", message: "slow down" }],
}

/** The address in `"Bob" <bob@example.test>`, or the whole text. */
export const addressIn = (to: unknown): string => String([to].flat()[0]).replace(/^.*<(.*)>$/, "$1")

/** A provider's HTTP API in a mood: one mail for each POST, none again for a key that it knows. */
export const moodyApi = async ({ mailIn, replies = {}, find = () => undefined }: Provider) => {
  let mood: Mood = "takes"
  const received: Array<Received> = []
  const taken: Array<Body> = []
  const keys = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      if (mood === "silent") return
      const [status, answer, headers = {}] = replies[mood] ?? usual[mood] ?? [500, {}]
      const isMail = status === 200 && request.method === "POST"
      const key = request.headers["idempotency-key"]
      if (isMail && !(typeof key === "string" && keys.has(key))) {
        const body: Body = JSON.parse(Buffer.concat(chunks).toString())
        taken.push(body)
        received.push(mailIn(body))
        if (typeof key === "string") keys.add(key)
      }
      const found = request.method === "GET" ? find(request.url ?? "", taken) : undefined
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(found ?? answer))
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
