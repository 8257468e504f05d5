import { createTransport } from "nodemailer"
import type { SendOutcome } from "sendstate/sdk"
import { ScriptedSmtpServer, type SmtpScript, smtpScript } from "sendstate/testing"
import { nodemailer } from "sendstate/transport/nodemailer"
import { describe, expect, test } from "vitest"
import { Inbox } from "../smtp/inbox.ts"
import { mail, sendOnce } from "../smtp/mail.ts"

const { close, raw, reply, reset, silence } = smtpScript

describe("over nodemailer's own SMTP transporter", () => {
  const outcomeOf = async (script: SmtpScript): Promise<SendOutcome> => {
    const server = await ScriptedSmtpServer.start(script)
    const transport = nodemailer(
      createTransport({
        host: "127.0.0.1",
        port: server.port,
        greetingTimeout: 150,
        socketTimeout: 150,
        ignoreTLS: true,
      }),
    )
    const { outcome } = await sendOnce(transport)
    await transport.close?.()
    await server.stop()
    return outcome
  }

  const rows: ReadonlyArray<readonly [string, SmtpScript, object]> = [
    ["accepted", {}, { type: "accepted", response: "250 2.0.0 ok" }],
    [
      "MAIL FROM 421",
      { mail: reply("421 4.3.2 bye") },
      { type: "rejected", scope: "host", retryable: true, code: "421" },
    ],
    ["MAIL FROM 530", { mail: reply("530 5.7.0 log in") }, { type: "rejected", scope: "config", code: "530" }],
    ["RCPT 450", { rcpt: reply("450 4.2.0 later") }, { type: "rejected", scope: "recipient", retryable: true }],
    [
      "RCPT 550",
      { rcpt: reply("550 5.1.1 unknown") },
      { type: "rejected", scope: "recipient", retryable: false, enhancedCode: "5.1.1" },
    ],
    [
      "final 451",
      { end: reply("451 4.3.0 later") },
      { type: "rejected", scope: "sender", retryable: true, code: "451" },
    ],
    [
      "final 550",
      { end: reply("550 5.7.1 spam") },
      { type: "rejected", scope: "sender", retryable: false, code: "550" },
    ],
    // From here on the same error stands for "nothing happened" and for "delivered": only doubt is honest.
    ["closed at RCPT", { rcpt: close }, { type: "unknown" }],
    ["closed after the dot", { end: close }, { type: "unknown" }],
    ["reset after the dot", { end: reset }, { type: "unknown" }],
    ["silence after the dot", { end: silence }, { type: "unknown" }],
    ["a partial reply after the dot", { end: [raw("25"), close] }, { type: "unknown" }],
    ["garbage after the dot", { end: reply("what") }, { type: "unknown" }],
  ]
  test.concurrent.each(rows)("%s", async (_name, script, expected) => {
    expect(await outcomeOf(script)).toMatchObject(expected)
  })

  test("nobody listens: host; a wrong password: config", async () => {
    const nobody = nodemailer(createTransport({ host: "127.0.0.1", port: 1, ignoreTLS: true }))
    expect((await sendOnce(nobody)).outcome).toMatchObject({
      type: "rejected",
      scope: "host",
      code: "connection-refused",
    })
    const server = await ScriptedSmtpServer.start({
      ehlo: reply("250-scripted.test\n250 AUTH PLAIN"),
      auth: reply("535 5.7.8 wrong"),
    })
    const auth = { user: "ann", pass: "wrong" }
    const refused = nodemailer(createTransport({ host: "127.0.0.1", port: server.port, ignoreTLS: true, auth }))
    expect((await sendOnce(refused)).outcome).toMatchObject({ type: "rejected", scope: "config", code: "auth" })
    expect(await refused.verify?.(new AbortController().signal)).toMatchObject({ scope: "config", code: "auth" })
    await server.stop()
  })

  test("the mail arrives whole, at the envelope's recipient, with our Message-ID", async () => {
    const inbox = await Inbox.start()
    const transport = nodemailer(
      createTransport({ host: "127.0.0.1", port: Number(new URL(inbox.url).port), ignoreTLS: true }),
    )
    const listUnsubscribe = { urls: ["https://acme.test/u"], oneClick: true }
    await sendOnce(transport, mail({ subject: "Grüße", headers: { "X-Campaign": "spring" }, listUnsubscribe }))
    const parsed = await inbox.parsed()
    expect(inbox.received[0]).toMatchObject({ from: "bounce@acme.test", to: ["bob@example.test"] })
    expect(parsed).toMatchObject({ subject: "Grüße", messageId: "<exec-1.spring@acme.test>", text: "Hi Bob\n" })
    expect(parsed.headers.get("x-campaign")).toBe("spring")
    expect(inbox.received[0]?.raw.toString()).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    await transport.close?.()
    await inbox.stop()
  })
})

describe("over anything that has sendMail", () => {
  const resolving = (info: unknown) => nodemailer({ sendMail: async () => info })
  const bob = "bob@example.test"

  test.each([
    ["exactly the recipient", { accepted: [bob], rejected: [] }, "accepted"],
    ["the recipient in other letters", { accepted: ["Bob@Example.test"], rejected: [] }, "accepted"],
    ["nobody at all, as SES does", { messageId: "x" }, "accepted"],
    ["the recipient as refused", { accepted: [], rejected: [bob] }, "rejected"],
    ["somebody else", { accepted: ["eve@example.test"], rejected: [] }, "unknown"],
    ["somebody else too", { accepted: [bob, "eve@example.test"], rejected: [] }, "unknown"],
    ["a refusal beside it", { accepted: [bob], rejected: ["eve@example.test"] }, "unknown"],
    ["empty lists", { accepted: [], rejected: [] }, "unknown"],
  ])("a result that names %s", async (_name, info, type) => {
    expect((await sendOnce(resolving(info))).outcome.type).toBe(type)
  })

  test("a refusal that comes with its reason is classified by it", async () => {
    const reason = { code: "EENVELOPE", command: "RCPT TO", response: "550 5.1.1 unknown", responseCode: 550 }
    const { outcome } = await sendOnce(resolving({ accepted: [], rejected: [bob], rejectedErrors: [reason] }))
    expect(outcome).toMatchObject({ type: "rejected", scope: "recipient", retryable: false, enhancedCode: "5.1.1" })
  })

  test("errors that nobody knows are doubt, and are not thrown", async () => {
    const lost = { code: "ECONNECTION", command: "DATA", response: "550 cut off" }
    for (const error of [new Error("boom"), "text", undefined, { code: "EMESSAGE", command: "DATA" }, lost]) {
      const transport = nodemailer({ sendMail: () => Promise.reject(error) })
      expect((await sendOnce(transport)).outcome).toMatchObject({ type: "unknown", stage: "handed-over" })
    }
  })

  test("an abort does not wait for nodemailer", async () => {
    const transport = nodemailer({ sendMail: () => new Promise(() => {}) })
    const controller = new AbortController()
    const sending = sendOnce(transport, mail(), { signal: controller.signal })
    controller.abort()
    expect((await sending).outcome).toMatchObject({ type: "unknown" })
  })

  test("what could reach somebody else is not handed over", async () => {
    let calls = 0
    const transport = nodemailer({
      sendMail: async () => {
        calls += 1
      },
    })
    const envelope = { from: "bounce@acme.test", to: "b@y.test,evil@z.test" }
    const expected = { type: "rejected", retryable: false }
    expect((await sendOnce(transport, mail({ envelope }))).outcome).toMatchObject(expected)
    expect((await sendOnce(transport, mail({ headers: { Bcc: "evil@z.test" } }))).outcome).toMatchObject(expected)
    expect(calls).toBe(0)
  })

  test("it says that it cannot tell the moment of the handoff", () => {
    expect(resolving({}).capabilities).toEqual({
      maxConcurrency: 5,
      maxPerSecond: 10,
      deadlineMs: 900_000,
      signalsHandoff: false,
    })
  })
})
