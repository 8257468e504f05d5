import { type Behaviour, fakeProvider, json, type Request } from "../plugins/transport/http/fake-provider.ts"

/** An HTTP API for mails on this machine; gone after the test. */
export interface FakeMailApi {
  readonly url: string
  /** Whom it took a mail for, in their order; a second request under a known key is none. */
  readonly taken: ReadonlyArray<string>
  /** All that was asked, also in vain. */
  readonly requests: ReadonlyArray<Request>
  /** Answered in place of taking the mail; may change while it runs. `takes`: it has the mail all the same. */
  mail?: ((to: string) => { readonly answer: Behaviour; readonly takes?: boolean } | undefined) | undefined
}

interface Kind {
  readonly isKey: (request: Request) => boolean
  readonly wrongKey: Behaviour
  /** What shows whether the key is right. */
  readonly probe: readonly [path: string, answer: Behaviour]
  readonly recipient: (body: Readonly<Record<string, unknown>>) => string
  /** Under which a second mail is none, if it looks at one. */
  readonly key: (request: Request) => string | undefined
  readonly accepted: Behaviour
}

const addressIn = (text: unknown): string => /<?([^<>\s]+@[^<>\s]+?)>?$/.exec(String(text))?.[1] ?? ""

const start = async (kind: Kind): Promise<FakeMailApi> => {
  const taken: Array<string> = []
  const keys = new Set<string>()
  const provider = await fakeProvider((request, response) => {
    const answer = (): Behaviour => {
      if (!kind.isKey(request)) return kind.wrongKey
      if (request.method === "GET") return request.path === kind.probe[0] ? kind.probe[1] : json(200, { Messages: [] })
      const to = kind.recipient(JSON.parse(request.body) as Readonly<Record<string, unknown>>)
      const key = kind.key(request)
      const instead = api.mail?.(to)
      if (instead !== undefined && instead.takes !== true) return instead.answer
      if (key === undefined || !keys.has(key)) taken.push(to)
      if (key !== undefined) keys.add(key)
      return instead?.answer ?? kind.accepted
    }
    answer()(request, response)
  })
  const api: FakeMailApi = { url: provider.url, requests: provider.requests, taken }
  return api
}

/** Behaves as Resend does: to a key that may only send, and to one that it knows no more. */
export const fakeResend = (apiKey: string): Promise<FakeMailApi> =>
  start({
    isKey: ({ headers }) => headers.authorization === `Bearer ${apiKey}`,
    wrongKey: json(401, { statusCode: 401, name: "validation_error", message: "API key is invalid" }),
    probe: ["/domains", json(401, { statusCode: 401, name: "restricted_api_key", message: "only to send" })],
    recipient: ({ to }) => addressIn(Array.isArray(to) ? to[0] : to),
    key: ({ headers }) => String(headers["idempotency-key"]),
    accepted: json(200, { id: "49a3999c" }),
  })

/** Behaves as Postmark does; its search finds nothing. */
export const fakePostmark = (serverToken: string): Promise<FakeMailApi> =>
  start({
    isKey: ({ headers }) => headers["x-postmark-server-token"] === serverToken,
    wrongKey: json(401, { ErrorCode: 10, Message: "Bad or missing API token." }),
    probe: ["/server", json(200, { Name: "server" })],
    recipient: ({ To }) => addressIn(To),
    key: () => undefined,
    accepted: json(200, { ErrorCode: 0, Message: "OK", MessageID: "b7bc" }),
  })

/** Takes the whole mail as JSON from whom knows the key, which is in this header; it cannot be asked anything. */
export const fakeOwnApi = (header: string, key: string): Promise<FakeMailApi> =>
  start({
    isKey: ({ headers, method }) => headers[header] === key && method === "POST",
    wrongKey: json(401, { error: "wrong key" }),
    probe: ["/", json(404, {})],
    recipient: ({ to }) => addressIn(Reflect.get(Object(to), "address")),
    key: () => undefined,
    accepted: json(202, {}),
  })
