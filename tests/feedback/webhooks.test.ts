import { createHmac, createSign, generateKeyPairSync } from "node:crypto"
import { postmarkWebhook, resendWebhook, sesWebhook, type Webhook } from "sendstate/feedback"
import { InvalidInput } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { selfSignedCertificate } from "../plugins/transport/smtp/self-signed-certificate.ts"

const now = Date.UTC(2026, 3, 1, 12)
const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === "string" ? value : JSON.stringify(value))
const read = (webhook: Webhook, body: Uint8Array, headers: Record<string, string> = {}) =>
  webhook.read({ headers: new Headers(headers), body, now })

describe("Resend", () => {
  const key = Buffer.alloc(24, 7)
  const webhook = resendWebhook({ secret: `whsec_${key.toString("base64")}` })
  const event = {
    type: "email.bounced",
    created_at: "2026-04-01T11:59:58.000Z",
    data: {
      email_id: "56761188",
      to: ["bob@example.test"],
      tags: { sendstate: "exec-1" },
      bounce: { type: "Permanent", subType: "General", message: "550 5.1.1 no such user" },
    },
  }
  const signed = (body: Uint8Array, { id = "msg_1", at = now, key: by = key } = {}): Record<string, string> => {
    const timestamp = String(Math.floor(at / 1_000))
    const mac = createHmac("sha256", by).update(`${id}.${timestamp}.`).update(body).digest("base64")
    return { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,AAAA v1,${mac}` }
  }

  test("a signed bounce is read", async () => {
    expect(await read(webhook, bytes(event), signed(bytes(event)))).toEqual({
      type: "feedback",
      feedback: [
        {
          id: "resend:msg_1",
          type: "bounced",
          at: Date.UTC(2026, 3, 1, 11, 59, 58),
          executionId: "exec-1",
          email: "bob@example.test",
          bounce: { kind: "hard", enhancedCode: "5.1.1", text: "550 5.1.1 no such user" },
          authentic: true,
        },
      ],
    })
  })

  test.each([
    ["email.delivered", "delivered"],
    ["email.delivery_delayed", "deferred"],
    ["email.complained", "complained"],
    ["email.opened", "opened"],
    ["email.clicked", "clicked"],
  ])("%s", async (type, expected) => {
    const body = bytes({ ...event, type, data: { ...event.data, click: { link: "https://acme.test" } } })
    expect(await read(webhook, body, signed(body))).toMatchObject({ feedback: [{ type: expected }] })
  })

  test("what we do not count is acknowledged", async () => {
    const body = bytes({ ...event, type: "contact.created" })
    expect(await read(webhook, body, signed(body))).toEqual({ type: "feedback", feedback: [] })
  })

  test.each<readonly [string, Record<string, string>, string]>([
    ["unsigned", {}, "unsigned"],
    ["signed with another key", signed(bytes(event), { key: Buffer.alloc(24, 8) }), "wrong-signature"],
    ["signed for another body", signed(bytes({})), "wrong-signature"],
    ["signed for another id", { ...signed(bytes(event)), "svix-id": "msg_2" }, "wrong-signature"],
    ["replayed after six minutes", signed(bytes(event), { at: now - 6 * 60_000 }), "too-old"],
    ["from the future", signed(bytes(event), { at: now + 6 * 60_000 }), "too-old"],
  ])("%s: refused", async (_name, headers, reason) => {
    expect(await read(webhook, bytes(event), headers)).toEqual({ type: "refused", reason })
  })

  test("a secret that is none is refused at once", () => {
    expect(() => resendWebhook({ secret: "whsec_" })).toThrow(InvalidInput)
  })
})

describe("Postmark", () => {
  const webhook = postmarkWebhook({ user: "hook", password: "a-long-random-password" })
  const authorization = `Basic ${Buffer.from("hook:a-long-random-password").toString("base64")}`
  const rows: ReadonlyArray<readonly [string, object, ReadonlyArray<object>]> = [
    [
      "a hard bounce",
      {
        RecordType: "Bounce",
        ID: 42,
        Type: "HardBounce",
        Email: "bob@example.test",
        BouncedAt: "2026-04-01T11:00:00Z",
        Details: "550 5.1.1",
        Metadata: { sendstate: "exec-1" },
      },
      [
        {
          id: "postmark:42",
          type: "bounced",
          at: Date.UTC(2026, 3, 1, 11),
          executionId: "exec-1",
          email: "bob@example.test",
          bounce: { kind: "hard", text: "550 5.1.1" },
        },
      ],
    ],
    ["a soft bounce", { RecordType: "Bounce", ID: 43, Type: "SoftBounce" }, [{ bounce: { kind: "soft" } }]],
    ["a vacation notice is no bounce", { RecordType: "Bounce", ID: 44, Type: "AutoResponder" }, []],
    [
      "a delivery",
      { RecordType: "Delivery", MessageID: "m", DeliveredAt: "2026-04-01T11:00:00Z" },
      [{ type: "delivered" }],
    ],
    ["a complaint", { RecordType: "SpamComplaint", ID: 45 }, [{ type: "complained" }]],
    ["an opening", { RecordType: "Open", MessageID: "m", Recipient: "bob@example.test" }, [{ type: "opened" }]],
    ["a click", { RecordType: "Click", OriginalLink: "https://a.test" }, [{ type: "clicked", url: "https://a.test" }]],
    [
      "an unsubscription by the recipient",
      { RecordType: "SubscriptionChange", SuppressSending: true, Origin: "Recipient" },
      [{ type: "unsubscribed" }],
    ],
    ["one that is lifted", { RecordType: "SubscriptionChange", SuppressSending: false, Origin: "Recipient" }, []],
  ]
  test.each(rows)("%s", async (_name, event, expected) => {
    expect(await read(webhook, bytes(event), { authorization })).toMatchObject({ type: "feedback", feedback: expected })
  })

  test("without the password nothing is read, and a short one is refused at once", async () => {
    expect(await read(webhook, bytes({ RecordType: "Open" }))).toEqual({ type: "refused", reason: "wrong-password" })
    expect(await read(webhook, bytes("no json"), { authorization })).toEqual({ type: "refused", reason: "no-json" })
    expect(() => postmarkWebhook({ user: "hook", password: "short" })).toThrow(InvalidInput)
  })
})

describe("SES by SNS", () => {
  const topicArn = "arn:aws:sns:eu-central-1:1:mail"
  const { key, cert } = selfSignedCertificate({ fromDays: -1, toDays: 1 })
  const event = {
    eventType: "Bounce",
    mail: { destination: ["bob@example.test"], tags: { sendstate: ["exec-1"] } },
    bounce: {
      bounceType: "Permanent",
      timestamp: "2026-04-01T11:59:00Z",
      bouncedRecipients: [{ emailAddress: "bob@example.test", status: "5.1.1", diagnosticCode: "smtp; 550 5.1.1" }],
    },
  }
  const envelope = (changes: Record<string, unknown> = {}, by = key): Uint8Array => {
    const fields: Record<string, unknown> = {
      Type: "Notification",
      MessageId: "n-1",
      TopicArn: topicArn,
      Message: JSON.stringify(event),
      Timestamp: "2026-04-01T12:00:00.000Z",
      SignatureVersion: "2",
      SigningCertURL: "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
      ...changes,
    }
    const names =
      fields.Type === "Notification"
        ? ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
        : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    const text = names
      .filter((name) => fields[name] !== undefined)
      .map((name) => `${name}\n${String(fields[name])}\n`)
      .join("")
    const Signature = createSign(fields.SignatureVersion === "2" ? "sha256" : "sha1")
      .update(text)
      .sign(by, "base64")
    return bytes({ ...fields, Signature })
  }
  const asked: Array<string> = []
  const webhook = sesWebhook({
    topicArn,
    fetch: async (url) => {
      asked.push(String(url))
      return new Response(cert)
    },
  })

  test("a signed bounce is read; the certificate is fetched once", async () => {
    const expected = {
      type: "feedback",
      feedback: [
        {
          id: "ses:n-1:0",
          type: "bounced",
          at: Date.UTC(2026, 3, 1, 11, 59),
          executionId: "exec-1",
          email: "bob@example.test",
          bounce: { kind: "hard", enhancedCode: "5.1.1", text: "smtp; 550 5.1.1" },
          authentic: true,
        },
      ],
    }
    expect(await read(webhook, envelope())).toEqual(expected)
    expect(await read(webhook, envelope({ SignatureVersion: "1" }))).toEqual(expected)
    expect(asked).toHaveLength(1)
  })

  test("a complaint and a delivery", async () => {
    const complaint = {
      ...event,
      eventType: "Complaint",
      complaint: { complainedRecipients: [{ emailAddress: "b@c.test" }] },
    }
    expect(await read(webhook, envelope({ Message: JSON.stringify(complaint) }))).toMatchObject({
      feedback: [{ type: "complained", email: "b@c.test" }],
    })
    expect(
      await read(webhook, envelope({ Message: JSON.stringify({ ...event, eventType: "Delivery" }) })),
    ).toMatchObject({
      feedback: [{ type: "delivered", email: "bob@example.test" }],
    })
  })

  test("the subscription is confirmed when Amazon asks, and only at Amazon", async () => {
    const confirm = (SubscribeURL: string) =>
      read(webhook, envelope({ Type: "SubscriptionConfirmation", Token: "t", SubscribeURL }))
    const url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription"
    expect(await confirm(url)).toEqual({ type: "feedback", feedback: [] })
    expect(asked.at(-1)).toBe(url)
    expect(await confirm("https://evil.test/")).toEqual({ type: "refused", reason: "foreign-confirmation" })
  })

  const stranger = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey
  test.each<readonly [string, Uint8Array, string]>([
    ["another topic", envelope({ TopicArn: "arn:aws:sns:eu-central-1:2:mail" }), "other-topic"],
    [
      "a certificate from elsewhere",
      envelope({ SigningCertURL: "https://sns.evil.test/a.pem" }),
      "foreign-certificate",
    ],
    [
      "a certificate from a host that only looks like Amazon's",
      envelope({ SigningCertURL: "https://sns.eu-central-1.amazonaws.com.evil.test/a.pem" }),
      "foreign-certificate",
    ],
    [
      "signed by somebody else",
      envelope({}, stranger.export({ type: "pkcs8", format: "pem" }) as string),
      "wrong-signature",
    ],
    ["no JSON", bytes("hello"), "no-json"],
  ])("%s: refused", async (_name, body, reason) => {
    expect(await read(webhook, body)).toEqual({ type: "refused", reason })
  })
})
