import { createHash } from "node:crypto"
import { ScriptedSmtpServer, smtpScript } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { Inbox } from "./inbox.ts"
import { impatiently, mail, sendOnce } from "./mail.ts"

const { reply } = smtpScript

describe("what an ordinary mail server receives", () => {
  let inbox: Inbox
  beforeEach(async () => {
    inbox = await Inbox.start()
  })
  afterEach(() => inbox.stop())

  const deliver = async (changes: Parameters<typeof mail>[0]): Promise<void> => {
    const transport = smtp(inbox.url)
    const { outcome, handoffs } = await sendOnce(transport, mail(changes))
    expect(outcome).toMatchObject({ type: "accepted" })
    expect(handoffs).toBe(1)
    await transport.close?.()
  }

  test("parses as the message that was given, in any script", async () => {
    await deliver({
      from: { name: "Änne Größe", address: "ann@acme.test" },
      to: { name: "مريم, 'the' \"boss\"", address: "bob@xn--bcher-kva.test" },
      replyTo: { name: "Support", address: "help@acme.test" },
      envelope: { from: "bounce+1@acme.test", to: "bob@xn--bcher-kva.test" },
      subject: "Frühling 🌷 für مريم, ein sehr langer Betreff, der über mehrere Zeilen gefaltet werden muss – wirklich",
      text: "Grüße\nund mehr\n",
      html: `<p>${"Grüße, 春 ".repeat(60)}</p>\n<p>=3D = 100 %</p>`,
      headers: { "X-Campaign": "spring", "X-Name": "Jürgen" },
    })
    const [received] = inbox.received
    // The server shows A-labels as Unicode; on the wire they are ASCII.
    expect(received).toMatchObject({ from: "bounce+1@acme.test", to: ["bob@bücher.test"] })
    expect(received?.raw.toString("latin1")).toContain("<bob@xn--bcher-kva.test>")
    const parsed = await inbox.parsed()
    expect(parsed.from?.value).toMatchObject([{ name: "Änne Größe", address: "ann@acme.test" }])
    expect(parsed.to).toMatchObject({ value: [{ name: "مريم, 'the' \"boss\"" }] })
    expect(parsed.replyTo?.value).toMatchObject([{ name: "Support", address: "help@acme.test" }])
    expect(parsed.subject).toBe(
      "Frühling 🌷 für مريم, ein sehr langer Betreff, der über mehrere Zeilen gefaltet werden muss – wirklich",
    )
    expect(parsed.date?.getTime()).toBe(Date.UTC(2026, 3, 1, 12))
    expect(parsed.messageId).toBe("<exec-1.spring@acme.test>")
    expect(parsed.text).toBe("Grüße\nund mehr\n")
    expect(parsed.html).toBe(`<p>${"Grüße, 春 ".repeat(60)}</p>\n<p>=3D = 100 %</p>`)
    expect(parsed.headers.get("x-campaign")).toBe("spring")
    expect(parsed.headers.get("x-name")).toBe("=?UTF-8?Q?J=C3=BCrgen?=")
  })

  test("is 7 bit, with CRLF line ends and short lines", async () => {
    await deliver({
      text: `bare\nlf, bare\rcr, ${"long ".repeat(500)}`,
      html: `<p>${"x".repeat(5_000)} ünï</p>\r\n\n\r<i>trailing blanks \t \n</i>`,
      subject: `${"wört".repeat(50)}`,
      attachments: [{ filename: "a.bin", content: Uint8Array.from({ length: 3_000 }, (_, index) => index % 256) }],
    })
    const raw = inbox.received[0]?.raw ?? Buffer.alloc(0)
    expect(raw.length).toBeGreaterThan(5_000)
    expect(raw.every((octet) => octet < 0x80)).toBe(true)
    const text = raw.toString("latin1")
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/)
    expect(Math.max(...text.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(78)
    const parsed = await inbox.parsed()
    expect(parsed.html).toBe(`<p>${"x".repeat(5_000)} ünï</p>\n\n\n<i>trailing blanks \t \n</i>`)
    expect(parsed.text).toBe(`bare\nlf, bare\ncr, ${"long ".repeat(500)}`)
  })

  test("attachments and inline images arrive as the bytes that were given", async () => {
    const image = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 13, 10, 46, 13, 10])
    const forwarded = Buffer.from("Subject: inner\r\n\r\nümlaut\r\n")
    await deliver({
      html: '<img src="cid:logo@acme.test">',
      attachments: [
        { filename: "Preisliste – Frühling.pdf", content: Buffer.from("%PDF"), contentType: "application/pdf" },
        { filename: "logo.png", content: image, contentId: "logo@acme.test" },
        { filename: "forwarded.eml", content: forwarded },
      ],
    })
    const { attachments } = await inbox.parsed()
    const byName = new Map(attachments.map((attachment) => [attachment.filename, attachment]))
    expect(byName.get("Preisliste – Frühling.pdf")).toMatchObject({ contentType: "application/pdf" })
    expect(byName.get("logo.png")).toMatchObject({ cid: "logo@acme.test", related: true })
    expect(byName.get("logo.png")?.content.equals(image)).toBe(true)
    expect(byName.get("forwarded.eml")?.content.equals(forwarded)).toBe(true)
  })

  test("a mail without HTML is one plain part", async () => {
    const { html: _html, ...plain } = mail()
    const transport = smtp(inbox.url)
    await sendOnce(transport, plain)
    await transport.close?.()
    const parsed = await inbox.parsed()
    expect(parsed.html).toBe(false)
    expect(parsed.text).toBe("Hi Bob\n")
  })

  test("List-Unsubscribe and one click are there when they are given", async () => {
    const urls = ["https://acme.test/u?t=abc,def&l=1", "mailto:unsubscribe@acme.test?subject=u"]
    await deliver({ listUnsubscribe: { urls, oneClick: true } })
    const raw = inbox.received[0]?.raw.toString("latin1").replace(/\r\n[ \t]+/g, " ")
    expect(raw).toContain(`List-Unsubscribe: <${urls[0]}>, <${urls[1]}>\r\n`)
    expect(raw).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
  })

  test("lines that start with a dot arrive with one dot", async () => {
    const text = ".\n..\n...\n.hidden\nend\n."
    await deliver({ text })
    expect((await inbox.parsed()).text).toBe(text)
  })
})

describe("on the wire", () => {
  const wireOf = async (changes: Parameters<typeof mail>[0]): Promise<string> => {
    const server = await ScriptedSmtpServer.start()
    const transport = smtp(impatiently(server.url))
    await sendOnce(transport, mail(changes))
    await transport.close?.()
    await server.stop()
    return server.bodies[0] ?? ""
  }

  test("dots are doubled, and the message ends once, at its end", async () => {
    const { html: _html, ...plain } = mail({ text: ".\n.first\r\nlast\n." })
    const server = await ScriptedSmtpServer.start()
    const transport = smtp(impatiently(server.url))
    await sendOnce(transport, plain)
    await sendOnce(transport, plain)
    expect(server.bodies).toHaveLength(2)
    expect(server.bodies[0]).toMatch(/\r\n\r\n\.\.\r\n\.\.first\r\nlast\r\n\.\.\r\n\.\r\n$/)
    expect(server.commands[0]?.filter((line) => line.startsWith("MAIL"))).toHaveLength(2)
    await transport.close?.()
    await server.stop()
  })

  test("a resend has the same bytes, another mail has other boundaries", async () => {
    const first = await wireOf({})
    expect(await wireOf({})).toBe(first)
    const boundary = (wire: string): string | undefined => /boundary="?([^";\r\n]+)/.exec(wire)?.[1]
    expect(boundary(await wireOf({ messageId: "<exec-2@acme.test>" }))).not.toBe(boundary(first))
    expect(boundary(first)).toContain(
      createHash("sha256").update("<exec-1.spring@acme.test>").digest("hex").slice(0, 24),
    )
  })

  test("without PIPELINING each command waits for its answer; with it they go together", async () => {
    for (const ehlo of [reply("250 scripted.test"), reply("250-scripted.test\n250 PIPELINING")]) {
      const server = await ScriptedSmtpServer.start({ ehlo })
      const transport = smtp(impatiently(server.url))
      expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
      expect(server.commands[0]?.slice(1)).toEqual([
        "MAIL FROM:<bounce@acme.test>",
        "RCPT TO:<bob@example.test>",
        "DATA",
      ])
      await transport.close?.()
      await server.stop()
    }
  })

  test("a server that knows only HELO gets HELO", async () => {
    const server = await ScriptedSmtpServer.start({ ehlo: reply("502 what") })
    const transport = smtp(impatiently(server.url, { name: "app.acme.test" }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    expect(server.commands[0]?.slice(0, 2)).toEqual(["EHLO app.acme.test", "HELO app.acme.test"])
    await transport.close?.()
    await server.stop()
  })

  test("the envelope sender can be set for all mails", async () => {
    const server = await ScriptedSmtpServer.start()
    const transport = smtp(impatiently(server.url, { envelopeFrom: "returns@acme.test" }))
    await sendOnce(transport)
    expect(server.commands[0]?.[1]).toBe("MAIL FROM:<returns@acme.test>")
    await transport.close?.()
    await server.stop()
  })
})

describe("what the server says it cannot take", () => {
  const refusal = async (ehlo: string, changes: Parameters<typeof mail>[0]) => {
    const server = await ScriptedSmtpServer.start({ ehlo: reply(`250-scripted.test\n${ehlo}`) })
    const transport = smtp(impatiently(server.url))
    const { outcome } = await sendOnce(transport, mail(changes))
    await transport.close?.()
    await server.stop()
    return { outcome, said: server.commands[0]?.slice(1) ?? [] }
  }
  const greek = { envelope: { from: "bounce@acme.test", to: "δοκιμή@example.test" } }

  test("a message larger than SIZE is a permanent rejection, and is not tried", async () => {
    const { outcome, said } = await refusal("250 SIZE 300", {})
    expect(outcome).toMatchObject({ type: "rejected", scope: "sender", retryable: false, code: "message-too-large" })
    expect(said).toEqual(["QUIT"])
  })

  test("SIZE is declared when it is offered, also without a limit", async () => {
    const { outcome, said } = await refusal("250 SIZE", {})
    expect(outcome).toMatchObject({ type: "accepted" })
    expect(said[0]).toMatch(/^MAIL FROM:<bounce@acme\.test> SIZE=\d{3,4}$/)
  })

  test("a non-ASCII local part without SMTPUTF8 is a permanent rejection of this recipient", async () => {
    const { outcome, said } = await refusal("250 8BITMIME", greek)
    const expected = { type: "rejected", scope: "recipient", retryable: false, code: "smtputf8-not-offered" }
    expect(outcome).toMatchObject(expected)
    expect(said).toEqual(["QUIT"])
  })

  test("a non-ASCII local part goes out with SMTPUTF8 when it is offered", async () => {
    const { outcome, said } = await refusal("250 SMTPUTF8", greek)
    expect(outcome).toMatchObject({ type: "accepted" })
    expect(said[0]).toBe("MAIL FROM:<bounce@acme.test> SMTPUTF8")
    expect(Buffer.from(said[1] ?? "", "latin1").toString()).toBe("RCPT TO:<δοκιμή@example.test>")
  })
})

describe("hints about when to come back", () => {
  test.concurrent.each([
    ["450 4.7.1 Greylisted, try again in 300 seconds", 300_000],
    ["451 please retry after 5 minutes", 300_000],
    ["421 4.7.0 Retry-After: 120", 120_000],
    ["450 greylisted for 90 sec", 90_000],
    ["451-4.3.0 busy\n451 4.3.0 Try again in 2 hours", 7_200_000],
    ["450 4.2.0 try later", undefined],
    ["450 try again in 900000 hours", undefined],
    ["550 5.1.1 unknown, do not try again in 5 minutes", undefined],
  ])("%s", async (text, expected) => {
    const server = await ScriptedSmtpServer.start({ rcpt: reply(text) })
    const transport = smtp(impatiently(server.url))
    const { outcome } = await sendOnce(transport)
    expect(outcome.type === "rejected" ? outcome.retryAfterMs : "not rejected").toBe(expected)
    await transport.close?.()
    await server.stop()
  })
})
