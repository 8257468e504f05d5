import dns from "node:dns"
import { ScriptedSmtpServer, type SmtpScript, smtpScript } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { afterEach, describe, expect, test, vi } from "vitest"
import { impatiently, mail, sendOnce } from "./mail.ts"

const { close, reply, silence, wait } = smtpScript

const running: Array<ScriptedSmtpServer> = []
const start = async (script: SmtpScript = {}): Promise<ScriptedSmtpServer> => {
  const server = await ScriptedSmtpServer.start(script)
  running.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

const accepted = { outcome: { type: "accepted" }, handoffs: 1 }

describe("connections are used again", () => {
  test("mails one after the other share one", async () => {
    const server = await start()
    const transport = smtp(impatiently(server.url))
    for (let index = 0; index < 5; index += 1) expect(await sendOnce(transport)).toMatchObject(accepted)
    expect(server.commands).toHaveLength(1)
    await transport.close?.()
    expect(server.commands[0]?.at(-1)).toBe("QUIT")
  })

  test("a refused recipient is cleared with RSET before the next mail", async () => {
    const server = await start({
      rcpt: ({ visit }) => reply(visit === 1 ? "550 5.1.1 unknown" : "250 ok"),
      data: ({ visit }) => reply(visit === 1 ? "503 no recipients" : "354 go"),
    })
    const transport = smtp(impatiently(server.url))
    expect(await sendOnce(transport)).toMatchObject({ outcome: { type: "rejected", code: "550" } })
    expect(await sendOnce(transport)).toMatchObject(accepted)
    expect(server.commands).toHaveLength(1)
    expect(server.commands[0]?.map((line) => line.slice(0, 4))).toEqual([
      "EHLO",
      "MAIL",
      "RCPT",
      "DATA",
      "RSET",
      "MAIL",
      "RCPT",
      "DATA",
    ])
    await transport.close?.()
  })

  test("a server that wants the data of a mail without recipients gets none: the connection is closed", async () => {
    const server = await start({
      rcpt: ({ connection }) => reply(connection === 1 ? "550 5.1.1 unknown" : "250 ok"),
      data: reply("354 go on"),
    })
    const transport = smtp(impatiently(server.url))
    expect(await sendOnce(transport)).toMatchObject({ outcome: { type: "rejected", code: "550" }, handoffs: 0 })
    expect(await sendOnce(transport)).toMatchObject(accepted)
    expect(server.commands).toHaveLength(2)
    expect(server.bodies[0]).toBe("")
    await transport.close?.()
  })

  test("one is replaced after maxMessagesPerConnection mails", async () => {
    const server = await start()
    const transport = smtp(impatiently(server.url, { maxMessagesPerConnection: 2 }))
    for (let index = 0; index < 5; index += 1) expect(await sendOnce(transport)).toMatchObject(accepted)
    expect(server.commands.map((lines) => lines.filter((line) => line === "DATA").length)).toEqual([2, 2, 1])
    expect(server.commands[0]?.at(-1)).toBe("QUIT")
    await transport.close?.()
  })

  test("one that nobody uses is closed with QUIT", async () => {
    const server = await start()
    const transport = smtp(impatiently(server.url, { timeouts: { pooledIdleMs: 20 } }))
    await sendOnce(transport)
    await expect.poll(() => server.openConnections).toBe(0)
    expect(server.commands[0]?.at(-1)).toBe("QUIT")
    await transport.close?.()
  })

  test("there are never more than `connections`, and sends beyond them wait", async () => {
    const server = await start({ end: [wait(10), reply("250 ok")] })
    const transport = smtp(impatiently(server.url, { connections: 3 }))
    expect(transport.capabilities.maxConcurrency).toBe(3)
    const results = await Promise.all(Array.from({ length: 12 }, () => sendOnce(transport)))
    for (const result of results) expect(result).toMatchObject(accepted)
    expect(server.commands).toHaveLength(3)
    expect(server.bodies).toHaveLength(12)
    await transport.close?.()
  })

  test("a waiting send can be aborted, and the others go on", async () => {
    const server = await start({ end: ({ connection }) => (connection === 1 ? silence : reply("250 ok")) })
    const transport = smtp(impatiently(server.url, { connections: 1, timeouts: { finalReplyMs: 9_000 } }))
    const first = new AbortController()
    const second = new AbortController()
    const stuck = sendOnce(transport, mail(), { signal: first.signal })
    const waiting = sendOnce(transport, mail(), { signal: second.signal })
    const patient = sendOnce(transport)
    second.abort()
    // Answered while the only connection is still taken.
    expect(await waiting).toMatchObject({ outcome: { scope: "host", code: "aborted" }, handoffs: 0 })
    await expect.poll(() => server.bodies.filter((body) => body.endsWith("\r\n.\r\n"))).toHaveLength(1)
    first.abort()
    expect(await stuck).toMatchObject({ outcome: { type: "unknown" }, handoffs: 1 })
    expect(await patient).toMatchObject(accepted)
    await transport.close?.()
  })

  test("a server that cannot be reached does not use up the slots", async () => {
    const server = await start({ greeting: ({ connection }) => (connection <= 4 ? close : reply("220 hi")) })
    const transport = smtp(impatiently(server.url, { connections: 1 }))
    for (let index = 0; index < 4; index += 1)
      expect(await sendOnce(transport)).toMatchObject({ outcome: { scope: "host", code: "connection-closed" } })
    expect(await sendOnce(transport)).toMatchObject(accepted)
    await transport.close?.()
  })
})

describe("a connection that died while nobody used it costs no mail", () => {
  test("closed by the server between two mails", async () => {
    const server = await start()
    const transport = smtp(impatiently(server.url))
    await sendOnce(transport)
    server.dropConnections()
    expect(await sendOnce(transport)).toMatchObject(accepted)
    expect(server.commands).toHaveLength(2)
    await transport.close?.()
  })

  test.each([
    ["closed when the next mail begins", close],
    ["421 when the next mail begins", reply("421 4.4.2 idle for too long")],
  ])("%s: tried once more, on a new connection", async (_name, action) => {
    const server = await start({ mail: ({ visit }) => (visit === 2 ? action : reply("250 ok")) })
    const transport = smtp(impatiently(server.url))
    await sendOnce(transport)
    expect(await sendOnce(transport)).toMatchObject(accepted)
    expect(server.commands).toHaveLength(2)
    expect(server.bodies.filter((body) => body.endsWith("\r\n.\r\n"))).toHaveLength(2)
    await transport.close?.()
  })

  test("a farewell that came while it was idle is not taken for an answer", async () => {
    const server = await start({
      end: ({ connection }) =>
        connection === 1 ? [reply("250 ok"), wait(5), reply("421 bye"), close] : reply("250 ok"),
    })
    const transport = smtp(impatiently(server.url))
    expect(await sendOnce(transport)).toMatchObject(accepted)
    await expect.poll(() => server.openConnections).toBe(0)
    expect(await sendOnce(transport)).toMatchObject(accepted)
    await transport.close?.()
  })

  test("a new connection is not tried a second time", async () => {
    const server = await start({ mail: close })
    const transport = smtp(impatiently(server.url))
    expect(await sendOnce(transport)).toMatchObject({ outcome: { scope: "host", code: "connection-closed" } })
    expect(server.commands).toHaveLength(1)
    await transport.close?.()
  })

  test("once data was given, a used connection is not tried again either", async () => {
    const server = await start({ end: ({ visit }) => (visit === 2 ? close : reply("250 ok")) })
    const transport = smtp(impatiently(server.url))
    await sendOnce(transport)
    expect(await sendOnce(transport)).toMatchObject({ outcome: { type: "unknown" }, handoffs: 1 })
    expect(server.bodies).toHaveLength(2)
    await transport.close?.()
  })
})

describe("a host that cannot be reached", () => {
  afterEach(() => vi.restoreAllMocks())

  const resolvesWith = (answer: (callback: (error: Error) => void) => void) =>
    vi
      .spyOn(dns, "lookup")
      .mockImplementation(((_host: string, _options: object, callback: (error: Error) => void) =>
        answer(callback)) as never)
  const problem = (code: string) => (callback: (error: Error) => void) =>
    queueMicrotask(() => callback(Object.assign(new Error(`getaddrinfo ${code} mail.acme.test`), { code })))

  test.each([
    ["its name does not exist", problem("ENOTFOUND"), "config", "host-not-found"],
    ["nobody can tell now whether its name exists", problem("EAI_AGAIN"), "host", "dns-temporary"],
    ["nothing answers", () => {}, "host", "connection-timeout"],
  ] as const)("%s", async (_name, answer, scope, code) => {
    const lookup = resolvesWith(answer)
    const transport = smtp(impatiently("smtp://mail.acme.test:25", { timeouts: { connectMs: 50 } }))
    expect(await sendOnce(transport)).toMatchObject({
      outcome: { type: "rejected", scope, retryable: true, code },
      handoffs: 0,
    })
    expect(lookup).toHaveBeenCalled()
    await transport.close?.()
  })
})

describe("close", () => {
  test("does not wait for a server that ignores QUIT", async () => {
    const server = await start({ quit: silence })
    const transport = smtp(impatiently(server.url))
    await sendOnce(transport)
    await transport.close?.()
    await expect.poll(() => server.openConnections).toBe(0)
  })

  test("ends what is under way, each by its stage, and takes nothing new", async () => {
    const server = await start({
      rcpt: ({ connection }) => (connection === 1 ? silence : reply("250 ok")),
      end: silence,
    })
    const transport = smtp(impatiently(server.url, { timeouts: { commandMs: 9_000, finalReplyMs: 9_000 } }))
    const before = sendOnce(transport)
    await expect.poll(() => server.commands.flat()).toContain("RCPT TO:<bob@example.test>")
    const after = sendOnce(transport)
    await expect.poll(() => server.bodies.filter((body) => body.endsWith("\r\n.\r\n"))).toHaveLength(1)
    await transport.close?.()
    expect((await before).outcome).toMatchObject({ type: "rejected", scope: "host", retryable: true })
    expect((await after).outcome).toMatchObject({ type: "unknown" })
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "rejected", scope: "host", retryable: true })
  })
})
