import { createRuntime } from "sendstate"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { resend } from "sendstate/transport/resend"
import { describe, expect, onTestFinished, test } from "vitest"
import { campaign, renderer } from "../../../runtime/mail.ts"
import { mail, sendOnce } from "../smtp/mail.ts"
import { type Behaviour, fakeProvider, hangUp, json } from "./fake-provider.ts"

const direct = mail({ envelope: { from: "ann@acme.test", to: "bob@example.test" } })
const problem = (statusCode: number, name: string, message = name): Behaviour =>
  json(statusCode, { statusCode, name, message })

const rows: ReadonlyArray<readonly [string, Behaviour, object]> = [
  ["taken", json(200, { id: "49a3999c" }), { type: "accepted", providerId: "49a3999c" }],
  ["rate limit", problem(429, "rate_limit_exceeded"), { scope: "host", retryable: true, code: "rate_limit_exceeded" }],
  ["daily quota", problem(429, "daily_quota_exceeded"), { scope: "host", retryable: true }],
  ["no key", problem(401, "missing_api_key"), { scope: "config" }],
  ["wrong key", problem(403, "invalid_api_key"), { scope: "config" }],
  ["wrong key, as it is said today", problem(401, "validation_error", "API key is invalid"), { scope: "config" }],
  ["wrong key, as it was said before", problem(400, "validation_error", "API key is invalid"), { scope: "config" }],
  ["domain not verified", problem(403, "validation_error"), { scope: "config" }],
  ["bad recipient", problem(422, "validation_error", "Invalid `to` field."), { scope: "recipient", retryable: false }],
  ["bad field, of old", problem(400, "validation_error"), { scope: "sender", retryable: false }],
  ["bad field", problem(422, "validation_error", "Invalid `subject` field."), { scope: "sender", retryable: false }],
  ["bad attachment", problem(422, "invalid_attachment"), { scope: "sender", retryable: false }],
  ["the key is at work", problem(409, "concurrent_idempotent_requests"), { type: "unknown" }],
  ["the key was used", problem(409, "invalid_idempotent_request"), { type: "unknown" }],
  ["broken inside", problem(500, "application_error"), { type: "unknown" }],
]

describe("the documented replies of Resend", () => {
  test.each(rows)("%s", async (_name, behaviour, expected) => {
    const { url } = await fakeProvider(behaviour)
    expect((await sendOnce(resend({ apiKey: "re_canary", baseUrl: url }), direct)).outcome).toMatchObject(expected)
  })
})

test("the mail is complete: names, headers, unsubscribe, attachment, tag", async () => {
  const { url, requests } = await fakeProvider(json(200, { id: "1" }))
  const message = mail({
    envelope: { from: "ann@acme.test", to: "bob@example.test" },
    to: { name: 'Bob "the" Builder', address: "bob@example.test" },
    replyTo: { address: "help@acme.test" },
    headers: { "X-Campaign": "spring" },
    listUnsubscribe: { urls: ["https://acme.test/u?l=1"], oneClick: true },
    attachments: [{ filename: "a.txt", content: new TextEncoder().encode("hi"), contentType: "text/plain" }],
  })
  await sendOnce(resend({ apiKey: "re_canary", baseUrl: url }), message)
  expect(requests[0]?.headers).toMatchObject({ authorization: "Bearer re_canary", "idempotency-key": "exec-1" })
  expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
    from: '"Ann" <ann@acme.test>',
    to: ['"Bob \\"the\\" Builder" <bob@example.test>'],
    subject: "Hello",
    html: "<p>Hi Bob</p>\n",
    text: "Hi Bob\n",
    reply_to: ["help@acme.test"],
    headers: {
      "Message-ID": "<exec-1.spring@acme.test>",
      "X-Campaign": "spring",
      "List-Unsubscribe": "<https://acme.test/u?l=1>",
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
    attachments: [{ filename: "a.txt", content: "aGk=", content_type: "text/plain" }],
    tags: [{ name: "sendstate", value: "exec-1" }],
  })
})

test("the key is checked without sending, and one that may only send is right", async () => {
  const verified = async (behaviour: Behaviour) => {
    const { url, requests } = await fakeProvider(behaviour)
    const refusal = await resend({ apiKey: "re_canary", baseUrl: url }).verify?.(AbortSignal.timeout(10_000))
    expect(requests.map(({ method, path }) => [method, path])).toEqual([["GET", "/domains"]])
    return refusal
  }
  expect(await verified(json(200, { data: [] }))).toBeUndefined()
  expect(await verified(problem(401, "restricted_api_key"))).toBeUndefined()
  expect(await verified(problem(401, "validation_error", "API key is invalid"))).toMatchObject({ scope: "config" })
  expect(await verified(problem(429, "rate_limit_exceeded"))).toMatchObject({ scope: "host" })
})

test("a bounce address of its own is refused, not dropped", async () => {
  const { url, requests } = await fakeProvider(json(200, { id: "1" }))
  const { outcome } = await sendOnce(resend({ apiKey: "re_canary", baseUrl: url }), mail())
  expect(outcome).toMatchObject({ type: "rejected", scope: "sender", code: "envelope-unsupported" })
  expect(requests).toEqual([])
})

test("a lost reply is sent again under the same key, and is no possible duplicate", async () => {
  let calls = 0
  const { url, requests } = await fakeProvider((request, response) => {
    calls += 1
    if (calls === 1) hangUp(request, response)
    else json(200, { id: "1" })(request, response)
  })
  const runtime = await createRuntime({
    storage: memoryStorage(),
    renderer: renderer(),
    transport: resend({ apiKey: "re_canary", baseUrl: url, maxPerSecond: "unlimited" }),
  })
  onTestFinished(() => runtime.close({ deadlineMs: 0 }))
  const spring = await runtime.campaigns.create(campaign({ retry: { base: 1, cap: 1, jitter: 0 } }))
  await spring.enroll([{ email: "bob@example.test" }])
  await spring.close()
  await expect.poll(async () => (await spring.stats()).sent, { timeout: 20_000 }).toBe(1)
  expect(await spring.stats()).toMatchObject({ inDoubtTotal: 1, resent: 0 })
  expect(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(1)
  expect(new Set(requests.map(({ body }) => body)).size).toBe(1)
})
