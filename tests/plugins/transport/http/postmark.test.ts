import { postmark } from "sendstate/transport/postmark"
import { describe, expect, test } from "vitest"
import { mail, sendOnce } from "../smtp/mail.ts"
import { type Behaviour, fakeProvider, json, page } from "./fake-provider.ts"

const direct = mail({ envelope: { from: "ann@acme.test", to: "bob@example.test" } })
const problem = (ErrorCode: number, Message = "", status = 422): Behaviour => json(status, { ErrorCode, Message })
const signal = new AbortController().signal

const rows: ReadonlyArray<readonly [string, Behaviour, object]> = [
  ["taken", json(200, { ErrorCode: 0, Message: "OK", MessageID: "b7bc" }), { type: "accepted", providerId: "b7bc" }],
  ["wrong token", problem(10, "", 401), { scope: "config", retryable: true, code: "postmark-10" }],
  ["sender not confirmed", problem(401), { scope: "config" }],
  ["inactive recipient", problem(406), { scope: "recipient", retryable: false, code: "postmark-406" }],
  ["bad recipient", problem(300, "Invalid 'To' address: 'x'."), { scope: "recipient", retryable: false }],
  ["bad field", problem(300, "Invalid 'Subject'"), { scope: "sender", retryable: false }],
  ["account pending", problem(412), { scope: "config" }],
  ["rate limit", problem(429, "", 429), { scope: "host", retryable: true }],
  ["maintenance", problem(100, "", 503), { scope: "host", retryable: true }],
  ["broken inside", page(500), { type: "unknown" }],
  ["a reply that says nothing", page(200), { type: "unknown" }],
]

describe("the documented replies of Postmark", () => {
  test.each(rows)("%s", async (_name, behaviour, expected) => {
    const { url } = await fakeProvider(behaviour)
    expect((await sendOnce(postmark({ serverToken: "canary", baseUrl: url }), direct)).outcome).toMatchObject(expected)
  })
})

test("the mail keeps our Message-ID and carries its execution as metadata", async () => {
  const { url, requests } = await fakeProvider(json(200, { ErrorCode: 0, MessageID: "1" }))
  await sendOnce(postmark({ serverToken: "canary", baseUrl: url, messageStream: "news" }), direct)
  expect(requests[0]?.headers["x-postmark-server-token"]).toBe("canary")
  expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
    From: '"Ann" <ann@acme.test>',
    To: '"Bob" <bob@example.test>',
    Subject: "Hello",
    HtmlBody: "<p>Hi Bob</p>\n",
    TextBody: "Hi Bob\n",
    Headers: [
      { Name: "Message-ID", Value: "<exec-1.spring@acme.test>" },
      { Name: "X-PM-KeepID", Value: "true" },
    ],
    Attachments: [],
    Metadata: { sendstate: "exec-1" },
    MessageStream: "news",
  })
})

test("a mail in doubt that the search finds was sent; one that it does not find is still in doubt", async () => {
  const ask = async (Messages: ReadonlyArray<object>) => {
    const { url, requests } = await fakeProvider(json(200, { TotalCount: Messages.length, Messages }))
    const transport = postmark({ serverToken: "canary", baseUrl: url })
    const found = await transport.lookup?.({ idempotencyKey: "exec-1", messageId: direct.messageId, signal })
    return { found, path: requests[0]?.path }
  }
  expect(await ask([{ MessageID: "b7bc" }])).toEqual({
    found: { type: "accepted", providerId: "b7bc" },
    path: "/messages/outbound?count=1&offset=0&metadata_sendstate=exec-1",
  })
  expect((await ask([])).found).toEqual({ type: "unknown" })
})

test("the token is checked without sending", async () => {
  const good = await fakeProvider(json(200, { Name: "server" }))
  expect(await postmark({ serverToken: "canary", baseUrl: good.url }).verify?.(signal)).toBeUndefined()
  const bad = await fakeProvider(problem(10, "", 401))
  expect(await postmark({ serverToken: "canary", baseUrl: bad.url }).verify?.(signal)).toMatchObject({
    scope: "config",
    code: "postmark-10",
  })
  expect(good.requests.map(({ method, path }) => [method, path])).toEqual([["GET", "/server"]])
})
