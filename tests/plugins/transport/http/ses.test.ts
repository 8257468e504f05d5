import { simpleParser } from "mailparser"
import { ses } from "sendstate/transport/ses"
import { describe, expect, test } from "vitest"
import { mail, sendOnce } from "../smtp/mail.ts"
import { type Behaviour, fakeProvider, json, page } from "./fake-provider.ts"

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "canary" }
const at = (baseUrl: string) => ses({ region: "eu-central-1", credentials, baseUrl, configurationSet: "news" })
const problem = (status: number, type: string, message = ""): Behaviour =>
  json(status, { message }, { "x-amzn-errortype": `${type}:http://internal.amazon.com/` })

const rows: ReadonlyArray<readonly [string, Behaviour, object]> = [
  ["taken", json(200, { MessageId: "0100" }), { type: "accepted", providerId: "0100" }],
  ["too fast", problem(429, "TooManyRequestsException"), { scope: "host", retryable: true }],
  ["quota", problem(400, "LimitExceededException"), { scope: "host", retryable: true }],
  ["account suspended", problem(400, "AccountSuspendedException"), { scope: "config" }],
  ["sending paused", problem(400, "SendingPausedException"), { scope: "config" }],
  ["domain not verified", problem(400, "MailFromDomainNotVerifiedException"), { scope: "config" }],
  ["address not verified", problem(400, "MessageRejected", "Email address is not verified."), { scope: "config" }],
  ["virus", problem(400, "MessageRejected", "Contains a virus"), { scope: "sender", retryable: false }],
  ["wrong key", problem(403, "UnrecognizedClientException"), { scope: "config" }],
  ["bad request", problem(400, "BadRequestException"), { scope: "sender", retryable: false }],
  ["the name in the body", json(400, { __type: "a#SendingPausedException" }), { code: "SendingPausedException" }],
  ["broken inside", page(500), { type: "unknown" }],
]

describe("the documented replies of SES", () => {
  test.each(rows)("%s", async (_name, behaviour, expected) => {
    const { url } = await fakeProvider(behaviour)
    expect((await sendOnce(at(url))).outcome).toMatchObject(expected)
  })
})

test("the request is signed, carries the whole mail and names exactly one recipient", async () => {
  const { url, requests } = await fakeProvider(json(200, { MessageId: "1" }))
  await sendOnce(at(url), mail({ headers: { "X-Campaign": "spring" } }))
  const [request] = requests
  expect(request?.path).toBe("/v2/email/outbound-emails")
  expect(request?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/ses\/aws4_request, SignedHeaders=\S*content-type\S*, Signature=[0-9a-f]{64}$/,
  )
  const body = JSON.parse(request?.body ?? "")
  expect(body).toMatchObject({
    FromEmailAddress: "bounce@acme.test",
    Destination: { ToAddresses: ["bob@example.test"] },
    EmailTags: [{ Name: "sendstate", Value: "exec-1" }],
    ConfigurationSetName: "news",
  })
  const parsed = await simpleParser(Buffer.from(body.Content.Raw.Data, "base64"))
  expect(parsed).toMatchObject({ subject: "Hello", messageId: "<exec-1.spring@acme.test>" })
  expect(parsed.headers.get("x-campaign")).toBe("spring")
})

test("keys are asked for before each request, and never seen outside", async () => {
  let asked = 0
  const { url } = await fakeProvider((_, response) => {
    response.writeHead(403).end("your key canary is wrong")
  })
  const transport = ses({
    region: "eu-central-1",
    baseUrl: url,
    credentials: async () => {
      asked += 1
      return credentials
    },
  })
  const outcomes = [await sendOnce(transport), await sendOnce(transport)]
  expect(asked).toBe(2)
  expect(JSON.stringify(outcomes)).not.toContain("canary")
})
