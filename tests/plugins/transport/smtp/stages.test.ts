import { createServer } from "node:net"
import type { SendOutcome } from "sendstate/sdk"
import { ScriptedSmtpServer, type SmtpScript, smtpScript } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { describe, expect, test } from "vitest"
import { impatiently, mail, sendOnce } from "./mail.ts"

const { close, raw, reply, reset, silence, trickle, vanish } = smtpScript

const outcomeOf = async (script: SmtpScript): Promise<{ outcome: SendOutcome; handoffs: number; bodies: number }> => {
  const server = await ScriptedSmtpServer.start(script)
  const transport = smtp(impatiently(server.url))
  try {
    const result = await sendOnce(transport)
    return { ...result, bodies: server.bodies.length }
  } finally {
    await transport.close?.()
    await server.stop()
  }
}

const rejected = (scope: string, retryable: boolean, code: string, enhancedCode?: string): object => ({
  type: "rejected",
  scope,
  retryable,
  code,
  ...(enhancedCode === undefined ? {} : { enhancedCode }),
})

type Row = readonly [name: string, script: SmtpScript, expected: object]

const withoutPipelining = reply("250-scripted.test\n250 8BITMIME")

const connecting: ReadonlyArray<Row> = [
  ["no greeting", { greeting: silence }, rejected("host", true, "greeting-timeout")],
  ["closed before the greeting", { greeting: close }, rejected("host", true, "connection-closed")],
  ["reset before the greeting", { greeting: reset }, rejected("host", true, "connection-reset")],
  ["not SMTP: an HTTP answer", { greeting: reply("HTTP/1.1 400 Bad Request") }, rejected("config", true, "not-smtp")],
  ["not SMTP: a POP3 greeting", { greeting: reply("+OK ready") }, rejected("config", true, "not-smtp")],
  ["greeting with a code of its own", { greeting: reply("299 hi") }, rejected("config", true, "not-smtp")],
  ["greeting 421", { greeting: reply("421 4.3.2 closing") }, rejected("host", true, "421", "4.3.2")],
  ["greeting 554", { greeting: reply("554 5.7.1 no") }, rejected("host", true, "554", "5.7.1")],
  ["closed at EHLO", { ehlo: close }, rejected("host", true, "connection-closed")],
  ["EHLO 421", { ehlo: reply("421 busy") }, rejected("host", true, "421")],
]

const envelope: ReadonlyArray<Row> = [
  ["MAIL FROM 421", { mail: reply("421 4.3.2 closing") }, rejected("host", true, "421", "4.3.2")],
  ["MAIL FROM 452", { mail: reply("452 4.3.1 full") }, rejected("host", true, "452", "4.3.1")],
  ["MAIL FROM 530", { mail: reply("530 5.7.0 log in first") }, rejected("config", true, "530", "5.7.0")],
  ["MAIL FROM 550", { mail: reply("550 5.1.8 bad sender") }, rejected("sender", false, "550", "5.1.8")],
  ["MAIL FROM 553", { mail: reply("553 no") }, rejected("sender", false, "553")],
  ["RCPT 450 4.2.0", { rcpt: reply("450 4.2.0 later") }, rejected("recipient", true, "450", "4.2.0")],
  ["RCPT 451 4.7.1 greylisted", { rcpt: reply("451 4.7.1 grey") }, rejected("recipient", true, "451", "4.7.1")],
  ["RCPT 550 5.1.1", { rcpt: reply("550 5.1.1 unknown") }, rejected("recipient", false, "550", "5.1.1")],
  ["RCPT 550 without status", { rcpt: reply("550 no such user") }, rejected("recipient", false, "550")],
  ["RCPT 550 5.7.1", { rcpt: reply("550 5.7.1 blocked") }, rejected("sender", false, "550", "5.7.1")],
  ["RCPT 552 5.2.2", { rcpt: reply("552 5.2.2 full") }, rejected("recipient", true, "552", "5.2.2")],
  ["RCPT 552", { rcpt: reply("552 full") }, rejected("recipient", true, "552")],
  ["RCPT 421", { rcpt: reply("421 closing") }, rejected("host", true, "421")],
  ["RCPT 999", { rcpt: reply("999 what") }, rejected("recipient", true, "bad-reply")],
  ["RCPT without code", { rcpt: reply("what do you mean") }, rejected("recipient", true, "bad-reply")],
  ["MAIL without code", { mail: reply("hm") }, rejected("sender", true, "bad-reply")],
  ["closed at MAIL", { mail: close }, rejected("host", true, "connection-closed")],
  ["closed at RCPT", { rcpt: close }, rejected("host", true, "connection-closed")],
  ["closed at DATA", { data: close }, rejected("host", true, "connection-closed")],
  ["reset at DATA", { data: reset }, rejected("host", true, "connection-reset")],
  ["silence at RCPT", { rcpt: silence }, rejected("host", true, "timeout")],
  ["silence at DATA", { data: silence }, rejected("host", true, "timeout")],
  ["half a reply at DATA", { data: [raw("35"), close] }, rejected("sender", true, "partial-reply")],
  ["DATA 451", { data: reply("451 4.3.0 later") }, rejected("sender", true, "451", "4.3.0")],
  ["DATA 554", { data: reply("554 5.5.1 no valid recipients") }, rejected("sender", false, "554", "5.5.1")],
  ["DATA 250 instead of 354", { data: reply("250 ok") }, rejected("sender", true, "bad-reply")],
]

describe.each([
  ["one by one", withoutPipelining],
  ["pipelined", undefined],
])("before the body, commands %s", (_name, ehlo) => {
  test.concurrent.each([...connecting, ...envelope])("%s", async (_row, script, expected) => {
    const { outcome, handoffs } = await outcomeOf({ ...(ehlo === undefined ? {} : { ehlo }), ...script })
    expect(outcome).toMatchObject(expected)
    expect(handoffs).toBe(0)
  })
})

describe("after 354 and before the final dot", () => {
  const rows: ReadonlyArray<Row> = [
    ["closed", { data: [reply("354 go on"), close] }, rejected("sender", true, "connection-closed")],
    ["reset", { data: [reply("354 go on"), reset] }, rejected("sender", true, "connection-reset")],
    ["421 at once", { data: [reply("354 go on"), reply("421 4.3.2 bye")] }, rejected("host", true, "421", "4.3.2")],
    [
      // A reply that was sent before the dot must not be taken for the answer to the dot: the mail would be lost.
      "250 at once",
      { data: raw("354 go on\r\n250 2.0.0 ok\r\n") },
      rejected("sender", true, "connection-closed"),
    ],
  ]
  test.concurrent.each(rows)("%s: rejected, the dot never leaves", async (_name, script, expected) => {
    const server = await ScriptedSmtpServer.start(script)
    const transport = smtp(impatiently(server.url))
    // Larger than all socket buffers: the body cannot be flushed before the server has done its worst.
    const large = mail({ text: `${"x".repeat(70)}\n`.repeat(200_000) })
    const { outcome, handoffs } = await sendOnce(transport, large)
    expect(outcome).toMatchObject(expected)
    expect(handoffs).toBe(0)
    expect(server.bodies.join("")).not.toContain("\r\n.\r\n")
    await transport.close?.()
    await server.stop()
  })
})

describe("after the final dot, a complete reply decides", () => {
  const rows: ReadonlyArray<Row> = [
    ["250", { end: reply("250 2.0.0 Ok: queued as 4F1") }, { type: "accepted", providerId: "4F1" }],
    ["250, then reset", { end: [reply("250 ok"), reset] }, { type: "accepted", response: "250 ok" }],
    ["250, QUIT unanswered", { quit: silence }, { type: "accepted" }],
    [
      "a multi-line 250",
      { end: reply("250-first\n250 second") },
      { type: "accepted", response: "250-first\n250 second" },
    ],
    ["451", { end: reply("451 4.3.0 later") }, rejected("sender", true, "451", "4.3.0")],
    ["421", { end: reply("421 closing") }, rejected("host", true, "421")],
    ["550", { end: reply("550 5.7.1 spam") }, rejected("sender", false, "550", "5.7.1")],
    ["550 5.1.1", { end: reply("550 5.1.1 unknown") }, rejected("recipient", false, "550", "5.1.1")],
    ["552 5.2.2", { end: reply("552 5.2.2 full") }, rejected("recipient", true, "552", "5.2.2")],
  ]
  test.concurrent.each(rows)("%s", async (_name, script, expected) => {
    const { outcome, handoffs } = await outcomeOf(script)
    expect(outcome).toMatchObject(expected)
    expect(handoffs).toBe(1)
  })
})

describe("after the final dot, anything else is unknown", () => {
  const rows: ReadonlyArray<readonly [string, SmtpScript, string]> = [
    ["FIN", { end: close }, "connection-closed"],
    ["RST", { end: reset }, "connection-reset"],
    ["silence", { end: silence }, "timeout"],
    ["a partial reply", { end: [raw("25"), close] }, "partial-reply"],
    ["a reply without its line end", { end: [raw("250 ok"), close] }, "partial-reply"],
    ["a multi-line reply without its last line", { end: [raw("250-ok\r\n"), close] }, "partial-reply"],
    ["lines with different codes", { end: raw("250-ok\r\n550 no\r\n") }, "garbage"],
    ["garbage", { end: reply("\u0000\u0001what") }, "garbage"],
    ["a line without end", { end: raw("250 ".padEnd(40_000, "x")) }, "garbage"],
    ["a reply that does not end", { end: raw("250-x\r\n".repeat(1_000)) }, "garbage"],
    ["a code without meaning", { end: reply("999 hm") }, "without meaning"],
    ["354 again", { end: reply("354 more") }, "without meaning"],
  ]
  test.concurrent.each(rows)("%s", async (_name, script, reason) => {
    const { outcome, handoffs } = await outcomeOf(script)
    expect(outcome).toMatchObject({ type: "unknown", stage: "data-sent", reason: expect.stringContaining(reason) })
    expect(handoffs).toBe(1)
  })
})

describe("giving up", () => {
  test("an abort before the handoff is a rejection", async () => {
    const server = await ScriptedSmtpServer.start({ rcpt: silence })
    const transport = smtp(impatiently(server.url, { timeouts: { commandMs: 10_000 } }))
    const controller = new AbortController()
    const sending = sendOnce(transport, mail(), { signal: controller.signal })
    await expect.poll(() => server.commands.flat()).toContain("RCPT TO:<bob@example.test>")
    controller.abort()
    expect((await sending).outcome).toMatchObject(rejected("host", true, "aborted"))
    await server.stop()
  })

  test("an abort after the handoff is unknown", async () => {
    const server = await ScriptedSmtpServer.start({ end: silence })
    const transport = smtp(impatiently(server.url, { timeouts: { finalReplyMs: 10_000 } }))
    const controller = new AbortController()
    const sending = sendOnce(transport, mail(), {
      signal: controller.signal,
      handoff: () => setImmediate(() => controller.abort()),
    })
    expect((await sending).outcome).toMatchObject({ type: "unknown", reason: expect.stringContaining("aborted") })
    await server.stop()
  })

  test("an aborted signal sends nothing", async () => {
    const server = await ScriptedSmtpServer.start()
    const transport = smtp(impatiently(server.url))
    const { outcome } = await sendOnce(transport, mail(), { signal: AbortSignal.abort() })
    expect(outcome).toMatchObject(rejected("host", true, "aborted"))
    expect(server.bodies).toEqual([])
    await server.stop()
  })

  test("the overall deadline ends a server that always answers in time", async () => {
    const server = await ScriptedSmtpServer.start({ rcpt: silence })
    const transport = smtp(impatiently(server.url, { timeouts: { commandMs: 10_000, deadlineMs: 100 } }))
    expect((await sendOnce(transport)).outcome).toMatchObject(rejected("host", true, "deadline"))
    await server.stop()
  })

  test.concurrent.each([
    ["greeting", { greeting: trickle("220-".padEnd(10_000, "x")) }, rejected("host", true, "deadline")],
    ["reply to RCPT", { rcpt: trickle("250-".padEnd(10_000, "x")) }, rejected("host", true, "deadline")],
    ["final reply", { end: trickle("250-".padEnd(10_000, "x")) }, { type: "unknown", stage: "data-sent" }],
  ])("a %s that comes one octet at a time and never ends is ended by the deadline", async (_name, script, expected) => {
    const server = await ScriptedSmtpServer.start(script)
    // The idle timeout sees an octet each 20 ms, and never fires.
    const transport = smtp(
      impatiently(server.url, {
        timeouts: { greetingMs: 60_000, commandMs: 60_000, finalReplyMs: 60_000, deadlineMs: 400 },
      }),
    )
    expect((await sendOnce(transport)).outcome).toMatchObject(expected)
    await server.stop()
  })

  test.concurrent.each([
    ["at RCPT", { rcpt: vanish }, rejected("host", true, "timeout")],
    ["after the final dot", { end: vanish }, { type: "unknown", stage: "data-sent" }],
  ])("a peer that is gone without a word %s is given up", async (_name, script, expected) => {
    const server = await ScriptedSmtpServer.start(script)
    expect((await sendOnce(smtp(impatiently(server.url)))).outcome).toMatchObject(expected)
    await server.stop()
  })

  test("a server may treat each recipient differently", async () => {
    const server = await ScriptedSmtpServer.start({
      rcpt: ({ line }) => (line.includes("bob@") ? reply("450 4.2.0 later") : reply("250 2.1.5 ok")),
    })
    const transport = smtp(impatiently(server.url))
    expect((await sendOnce(transport)).outcome).toMatchObject(rejected("recipient", true, "450", "4.2.0"))
    const envelope = { from: "bounce@acme.test", to: "eve@example.test" }
    expect((await sendOnce(transport, mail({ envelope }))).outcome).toMatchObject({ type: "accepted" })
    await transport.close?.()
    await server.stop()
  })

  test("a handoff that throws keeps the dot back", async () => {
    const server = await ScriptedSmtpServer.start()
    const transport = smtp(impatiently(server.url))
    const fenced = new Error("the lease is over")
    const sending = sendOnce(transport, mail(), {
      handoff: () => {
        throw fenced
      },
    })
    await expect(sending).rejects.toBe(fenced)
    await expect.poll(() => server.openConnections).toBe(0)
    expect(server.bodies.join("")).not.toContain("QUIT")
    expect(server.bodies.join("")).not.toContain("\r\n.\r\n")
    await server.stop()
  })
})

describe("reaching the server", () => {
  test("nobody listens: host, retryable", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const port = typeof address === "object" ? address?.port : 0
    await new Promise((resolve) => server.close(resolve))
    const transport = smtp(impatiently(`smtp://127.0.0.1:${port}`))
    expect((await sendOnce(transport)).outcome).toMatchObject(rejected("host", true, "connection-refused"))
  })
})

describe("replies in pieces", () => {
  test("one octet at a time, they mean the same", async () => {
    const slowly = (text: string) => [...text].map(raw)
    const server = await ScriptedSmtpServer.start({
      ehlo: slowly("250-scripted.test\r\n250-PIPELINING\r\n250 SIZE 100000\r\n"),
      end: slowly("250-two\r\n250 lines\r\n"),
    })
    const transport = smtp(impatiently(server.url))
    expect((await sendOnce(transport)).outcome).toEqual({ type: "accepted", response: "250-two\n250 lines" })
    await transport.close?.()
    await server.stop()
  })
})
