import type { Attachment, Message } from "sendstate/sdk"
import { ScriptedSmtpServer } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Inbox } from "./inbox.ts"
import { impatiently, mail, sendOnce } from "./mail.ts"

/** What code without types may hand in. */
const untyped = (changes: Record<string, unknown>): Message => Object.assign(mail(), changes)

describe("a message that could reach somebody else, or say something else, is refused before the wire", () => {
  let server: ScriptedSmtpServer
  beforeAll(async () => {
    server = await ScriptedSmtpServer.start()
  })
  afterAll(() => server.stop())

  const refused = async (message: Message): Promise<unknown> => {
    const transport = smtp(impatiently(server.url))
    const { outcome, handoffs } = await sendOnce(transport, message)
    await transport.close?.()
    expect(handoffs).toBe(0)
    expect(server.bodies).toEqual([])
    return outcome
  }

  test.each([
    ["a line break", "b@y.test\r\nBcc: evil@z.test"],
    ["a line break in the command", "b@y.test>\r\nRCPT TO:<evil@z.test"],
    ["a comma", "b@y.test,evil@z.test"],
    ["a semicolon", "b@y.test;evil@z.test"],
    ["a group", "all:b@y.test;"],
    ["angle brackets", "b>,<evil@z.test"],
    ["a name", "Bob <b@y.test>"],
    ["a line separator", "b@y.test\u2028"],
    ["a NUL", "b\u0000@y.test"],
    ["a local part of 70 octets", `${"b".repeat(70)}@y.test`],
    ["two dots", "b@y..test"],
    ["no dot", "b@y"],
    ["an address literal", "b@[127.0.0.1]"],
    ["nothing", ""],
  ])("the recipient holds %s", async (_name, address) => {
    const expected = { type: "rejected", scope: "recipient", retryable: false, code: "invalid-address" }
    expect(await refused(mail({ envelope: { from: "bounce@acme.test", to: address } }))).toMatchObject(expected)
    expect(await refused(mail({ to: { address } }))).toMatchObject(expected)
    expect(await refused(mail({ from: { address } }))).toMatchObject({ retryable: false, code: "invalid-address" })
    expect(await refused(mail({ replyTo: { address } }))).toMatchObject({ retryable: false, code: "invalid-address" })
    expect(await refused(mail({ envelope: { from: address, to: "bob@example.test" } }))).toMatchObject(expected)
  })

  const invalidHeader = { type: "rejected", scope: "sender", retryable: false, code: "invalid-header" }

  test.each(
    "Bcc bcc Cc To From Sender Subject Date Message-ID MIME-Version DKIM-Signature Received Return-Path Reply-To Content-Type content-transfer-encoding Resent-To ARC-Seal".split(
      " ",
    ),
  )("the header %s cannot be a custom one", async (name) => {
    expect(await refused(mail({ headers: { [name]: "evil@z.test" } }))).toMatchObject(invalidHeader)
  })

  test.each([
    ["a name with a line break", { "X-A\r\nBcc": "evil@z.test" }],
    ["a name with a colon", { "X-A: b\r\nBcc": "evil@z.test" }],
    ["a name with a space", { "X A": "b" }],
    ["a name that is not ASCII", { "X-Ä": "b" }],
    ["no name", { "": "b" }],
    ["a value with CRLF", { "X-A": "b\r\nBcc: evil@z.test" }],
    ["a value with LF", { "X-A": "b\nBcc: evil@z.test" }],
    ["a value with CR", { "X-A": "b\rBcc: evil@z.test" }],
    ["a value with NUL", { "X-A": "b\u0000" }],
    ["a value with U+2028", { "X-A": "b\u2028Bcc: evil@z.test" }],
    ["a prepared value", { "X-A": { prepared: true, value: "b\r\nBcc: evil@z.test" } }],
    ["a list of values", { "X-A": ["b", "c"] }],
  ])("custom headers: %s", async (_name, headers) => {
    expect(await refused(untyped({ headers }))).toMatchObject(invalidHeader)
  })

  test.each([
    ["subject", { subject: "Hello\r\nBcc: evil@z.test" }],
    ["Message-ID with a line break", { messageId: "<a@b>\r\nBcc: evil@z.test" }],
    ["Message-ID without brackets", { messageId: "a@b" }],
    ["two Message-IDs", { messageId: "<a@b> <c@d>" }],
  ])("%s", async (_name, changes) => {
    expect(await refused(mail(changes))).toMatchObject(invalidHeader)
  })

  test("a display name with a line break", async () => {
    const to = { name: "Bob\r\nBcc: evil@z.test", address: "bob@example.test" }
    expect(await refused(mail({ to }))).toMatchObject({ type: "rejected", retryable: false })
  })

  test.each([
    ["a script", { urls: ["javascript:alert(1)"], oneClick: false }],
    ["a line break", { urls: ["https://acme.test/\r\nBcc: evil@z.test"], oneClick: false }],
    ["no URL at all", { urls: ["unsubscribe"], oneClick: false }],
    ["one click without https", { urls: ["mailto:u@acme.test"], oneClick: true }],
  ])("List-Unsubscribe with %s", async (_name, listUnsubscribe) => {
    expect(await refused(mail({ listUnsubscribe }))).toMatchObject(invalidHeader)
  })

  test("List-Unsubscribe given twice", async () => {
    const listUnsubscribe = { urls: ["https://acme.test/u"], oneClick: true }
    const headers = { "list-unsubscribe": "<https://evil.test>" }
    expect(await refused(mail({ listUnsubscribe, headers }))).toMatchObject(invalidHeader)
  })

  test.each([
    ["a path", { path: "/etc/hostname" }],
    ["a URL", { href: "http://127.0.0.1/" }],
    ["content that is a path", { filename: "a", content: { path: "/etc/hostname" } }],
    ["content that is text", { filename: "a", content: "text" }],
    ["a file name with a line break", { filename: "a\r\nX: y", content: new Uint8Array(1) }],
    ["no file name", { filename: "", content: new Uint8Array(1) }],
    ["a type with a line break", { filename: "a", content: new Uint8Array(1), contentType: "text/plain\r\nX: y" }],
    ["a message as a part", { filename: "a", content: new Uint8Array(1), contentType: "message/rfc822" }],
    ["a content id with brackets", { filename: "a", content: new Uint8Array(1), contentId: "a> <b" }],
  ])("an attachment with %s", async (_name, attachment) => {
    const expected = { type: "rejected", scope: "sender", retryable: false, code: "invalid-attachment" }
    expect(await refused(untyped({ attachments: [attachment] }))).toMatchObject(expected)
  })
})

describe("content is content, whatever it looks like", () => {
  test("an object instead of text never makes the transport read a file or URL", async () => {
    const inbox = await Inbox.start()
    const transport = smtp(inbox.url)
    for (const body of [
      { path: "/etc/hostname" },
      { href: "http://127.0.0.1:9/" },
      { raw: { path: "/etc/hostname" } },
    ]) {
      const refused = { outcome: { type: "rejected", retryable: false, code: "invalid-body" }, handoffs: 0 }
      expect(await sendOnce(transport, untyped({ html: body }))).toMatchObject(refused)
      expect(await sendOnce(transport, untyped({ text: body }))).toMatchObject(refused)
    }
    expect(inbox.received).toEqual([])
    await transport.close?.()
    await inbox.stop()
  })

  test("data URLs, paths and headers inside the text stay text", async () => {
    const inbox = await Inbox.start()
    const transport = smtp(inbox.url)
    const text = "data:text/plain,hello\n/etc/hostname\nBcc: evil@z.test\n\n.\nQUIT\n"
    await sendOnce(transport, mail({ text }))
    expect((await inbox.parsed()).text).toBe(text)
    expect(inbox.received[0]?.to).toEqual(["bob@example.test"])
    await transport.close?.()
    await inbox.stop()
  })

  test("a file name may hold any script and any quote", async () => {
    const inbox = await Inbox.start()
    const transport = smtp(inbox.url)
    const attachment: Attachment = { filename: 'a"; b=c \\ ü 春.txt', content: Buffer.from("x") }
    await sendOnce(transport, mail({ attachments: [attachment] }))
    expect((await inbox.parsed()).attachments.map(({ filename }) => filename)).toEqual([attachment.filename])
    await transport.close?.()
    await inbox.stop()
  })
})
