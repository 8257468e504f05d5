import { InvalidInput } from "sendstate/sdk"
import { type HttpOptions, http } from "sendstate/transport/http"
import { describe, expect, test } from "vitest"
import { mail, sendOnce } from "../smtp/mail.ts"
import { type Behaviour, fakeProvider, half, hangUp, json, page, silence } from "./fake-provider.ts"

const to = (url: string, options: Partial<HttpOptions> = {}) =>
  http({ url: `${url}/send`, body: ({ subject }) => ({ subject }), ...options })

const outcomeOf = async (behaviour: Behaviour, options: Partial<HttpOptions> = {}) => {
  const provider = await fakeProvider(behaviour)
  return { ...(await sendOnce(to(provider.url, options))), provider }
}

describe("what a reply means where the provider says nothing more", () => {
  const rows: ReadonlyArray<readonly [string, Behaviour, object]> = [
    ["200: accepted", json(200, {}), { type: "accepted" }],
    ["202: accepted", json(202, {}), { type: "accepted" }],
    ["302: not followed, set up wrong", page(302, { location: "/elsewhere" }), { type: "rejected", scope: "config" }],
    ["400: this mail, for good", json(400, {}), { type: "rejected", scope: "sender", retryable: false, code: "400" }],
    ["401: set up wrong", json(401, {}), { type: "rejected", scope: "config", retryable: true, code: "401" }],
    ["403: set up wrong", json(403, {}), { type: "rejected", scope: "config" }],
    ["404: set up wrong", page(404), { type: "rejected", scope: "config" }],
    ["413: this mail, for good", json(413, {}), { type: "rejected", scope: "sender", retryable: false }],
    [
      "429 with seconds: later",
      json(429, {}, { "retry-after": "30" }),
      { type: "rejected", scope: "host", retryable: true, retryAfterMs: 30_000 },
    ],
    [
      "503 with a date: later, counted from the server's own clock",
      json(503, {}, { date: "Wed, 01 Apr 2026 12:00:00 GMT", "retry-after": "Wed, 01 Apr 2026 12:02:00 GMT" }),
      { type: "rejected", scope: "host", retryable: true, retryAfterMs: 120_000 },
    ],
    ["500: in doubt", page(500), { type: "unknown", stage: "reply" }],
    ["502: in doubt, the one behind it may have taken the mail", page(502), { type: "unknown" }],
    ["504: in doubt", page(504), { type: "unknown" }],
  ]
  test.each(rows)("%s", async (_name, behaviour, expected) => {
    const { outcome, handoffs } = await outcomeOf(behaviour)
    expect(outcome).toMatchObject(expected)
    expect(handoffs).toBe(1)
  })
})

describe("without a complete reply", () => {
  test("nobody listens: nothing was sent, the host is down", async () => {
    expect((await sendOnce(to("http://127.0.0.1:9"))).outcome).toMatchObject({ type: "rejected", scope: "config" })
    expect((await sendOnce(to("http://127.0.0.1:45999"))).outcome).toMatchObject({
      type: "rejected",
      scope: "host",
      retryable: true,
      code: "connection-refused",
    })
  })

  test("a name that does not exist: set up wrong", async () => {
    expect((await sendOnce(to("https://no-such-host.invalid"))).outcome).toMatchObject({
      type: "rejected",
      retryable: true,
      code: expect.stringMatching(/host-not-found|dns-temporary/),
    })
  })

  test("TLS to a plain port: set up wrong, nothing was sent", async () => {
    const { url, requests } = await fakeProvider(json(200, {}))
    expect((await sendOnce(to(url.replace("http:", "https:")))).outcome).toMatchObject({
      type: "rejected",
      scope: "config",
      code: "tls",
    })
    expect(requests).toEqual([])
  })

  test.each<readonly [string, Behaviour]>([
    ["the connection breaks after the request", hangUp],
    ["half of a reply", half],
  ])("%s: in doubt", async (_name, behaviour) => {
    const { outcome, provider } = await outcomeOf(behaviour)
    expect(outcome).toMatchObject({ type: "unknown", stage: "request-sent" })
    expect(provider.requests).toHaveLength(1)
  })

  test("aborted while the provider is silent: in doubt; aborted before: certainly not sent", async () => {
    const { url, requests } = await fakeProvider(silence)
    const controller = new AbortController()
    const sending = sendOnce(to(url), mail(), { signal: controller.signal })
    await expect.poll(() => requests.length).toBe(1)
    controller.abort()
    expect((await sending).outcome).toMatchObject({ type: "unknown" })
    const late = await sendOnce(to(url), mail(), { signal: controller.signal })
    expect(late).toMatchObject({ outcome: { type: "rejected", code: "aborted" }, handoffs: 0 })
    expect(requests).toHaveLength(1)
  })
})

describe("the request", () => {
  test("one POST with the body, the headers and the key", async () => {
    const { provider } = await outcomeOf(json(200, {}), {
      headers: { authorization: "Bearer canary" },
      idempotencyHeader: "Idempotency-Key",
      idempotencyTtlMs: 60_000,
    })
    expect(provider.requests).toMatchObject([
      {
        method: "POST",
        path: "/send",
        body: '{"subject":"Hello"}',
        headers: { authorization: "Bearer canary", "idempotency-key": "exec-1", "content-type": "application/json" },
      },
    ])
    const transport = to(provider.url, { idempotencyHeader: "Idempotency-Key", idempotencyTtlMs: 60_000 })
    expect(transport.capabilities.idempotent).toEqual({ ttlMs: 60_000 })
  })

  test("without a body of its own it carries the whole mail", async () => {
    const provider = await fakeProvider(json(200, {}))
    const message = mail({
      headers: { "X-Campaign": "spring" },
      listUnsubscribe: { urls: ["https://acme.test/u?l=1"], oneClick: false },
      attachments: [{ filename: "a.txt", content: new TextEncoder().encode("hi"), contentType: "text/plain" }],
    })
    await sendOnce(http({ url: provider.url }), message)
    const { from, to: recipient, envelope, messageId, date, subject, text, html } = message
    expect(JSON.parse(provider.requests[0]?.body ?? "")).toEqual({
      ...{ idempotencyKey: "exec-1", messageId, date, from, to: recipient, envelope, subject, text, html },
      headers: { "X-Campaign": "spring", "List-Unsubscribe": "<https://acme.test/u?l=1>" },
      attachments: [{ filename: "a.txt", base64: "aGk=", contentType: "text/plain" }],
    })
  })

  test.each<readonly [string, (authorization: string) => string]>([
    ["as it was sent", (authorization) => authorization],
    ["without its scheme", (authorization) => authorization.split(" ")[1] ?? ""],
    ["in a URL", (authorization) => encodeURIComponent(authorization.split(" ")[1] ?? "")],
    ["in base64", (authorization) => Buffer.from(authorization.split(" ")[1] ?? "").toString("base64")],
  ])("a key that the provider echoes is masked: %s", async (_name, form) => {
    const key = "canary+0815/x=="
    const echo: Behaviour = ({ headers }, response) => {
      response.writeHead(401).end(`wrong key ${form(headers.authorization ?? "")}`)
    }
    const { outcome } = await outcomeOf(echo, { headers: { authorization: `Bearer ${key}` } })
    expect(outcome).toMatchObject({ response: "401 wrong key [redacted]" })
  })

  test("the provider's words can be read by the host's function", async () => {
    const { outcome } = await outcomeOf(json(400, { reason: "no such user" }), {
      outcome: ({ text }) =>
        text.includes("no such user")
          ? { type: "rejected", scope: "recipient", retryable: false, code: "no-such-user" }
          : undefined,
    })
    expect(outcome).toMatchObject({ scope: "recipient", code: "no-such-user" })
  })

  test("an endless reply does not hold the slot", async () => {
    const endless: Behaviour = (_, response) => {
      response.writeHead(200)
      const more = (): void => {
        if (!response.destroyed) response.write("x".repeat(10_000), () => setImmediate(more))
      }
      more()
    }
    expect((await outcomeOf(endless)).outcome).toMatchObject({ type: "accepted" })
  })

  test.each([
    ["a key in clear over the network", { url: "http://mail.acme.test/send" }],
    ["no URL", { url: "mail" }],
    ["a password in the URL, which fetch refuses with each mail", { url: "https://ann:secret@mail.acme.test/send" }],
    ["a header with a line break", { url: "https://a.test", headers: { a: "b\r\nc: d" } }],
    ["a time without a key", { url: "https://a.test", idempotencyTtlMs: 1 }],
  ])("refused: %s", (_name, options) => {
    expect(() => http({ body: () => ({}), ...options })).toThrow(InvalidInput)
  })
})
