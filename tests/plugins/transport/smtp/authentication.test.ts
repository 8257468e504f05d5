import { inspect } from "node:util"
import { ScriptedSmtpServer, type SmtpScript, smtpScript } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { afterEach, describe, expect, test } from "vitest"
import { impatiently, sendOnce } from "./mail.ts"

const { close, reply, silence } = smtpScript

const running: Array<ScriptedSmtpServer> = []
const start = async (script: SmtpScript): Promise<ScriptedSmtpServer> => {
  const server = await ScriptedSmtpServer.start(script)
  running.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

const offering = (mechanisms: string): SmtpScript => ({ ehlo: reply(`250-scripted.test\n250 AUTH ${mechanisms}`) })
const base64 = (text: string): string => Buffer.from(text).toString("base64")
const pass = "s3cr3t-Pä55"
const auth = { user: "ann", pass }

describe("logging in", () => {
  test("PLAIN in one line", async () => {
    const server = await start(offering("LOGIN PLAIN"))
    const transport = smtp(impatiently(server.url, { auth }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    expect(server.commands[0]?.[1]).toBe(`AUTH PLAIN ${base64(`\u0000ann\u0000${pass}`)}`)
    await transport.close?.()
  })

  test("LOGIN in three lines, when PLAIN is not offered", async () => {
    const answers = [reply("334 VXNlcm5hbWU6"), reply("334 UGFzc3dvcmQ6"), reply("235 in")]
    const server = await start({ ...offering("LOGIN"), auth: ({ visit }) => answers[visit - 1] ?? close })
    const transport = smtp(impatiently(server.url, { auth }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    expect(server.commands[0]?.slice(1, 4)).toEqual(["AUTH LOGIN", base64("ann"), base64(pass)])
    await transport.close?.()
  })

  test("user and password from the URL, percent-encoded", async () => {
    const server = await start(offering("PLAIN"))
    const url = server.url.replace("//", `//ann%40acme.test:${encodeURIComponent(pass)}@`)
    const transport = smtp(impatiently(url))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    expect(server.commands[0]?.[1]).toBe(`AUTH PLAIN ${base64(`\u0000ann@acme.test\u0000${pass}`)}`)
    await transport.close?.()
  })

  test("XOAUTH2 asks the function for a token, once per connection", async () => {
    const server = await start(offering("XOAUTH2"))
    let asked = 0
    const accessToken = async (): Promise<string> => `token-${++asked}`
    const transport = smtp(impatiently(server.url, { auth: { user: "ann", accessToken } }))
    await sendOnce(transport)
    await sendOnce(transport)
    expect(asked).toBe(1)
    expect(server.commands[0]?.[1]).toBe(`AUTH XOAUTH2 ${base64("user=ann\u0001auth=Bearer token-1\u0001\u0001")}`)
    await transport.close?.()
  })

  test("a refused token is answered with an empty line and is a config rejection", async () => {
    const refusals = [reply(`334 ${base64('{"status":"401"}')}`), reply("535 5.7.8 refused")]
    const server = await start({ ...offering("XOAUTH2"), auth: ({ visit }) => refusals[visit - 1] ?? close })
    const transport = smtp(impatiently(server.url, { auth: { user: "ann", accessToken: "old-token" } }))
    const { outcome } = await sendOnce(transport)
    expect(outcome).toMatchObject({ scope: "config", code: "auth", enhancedCode: "5.7.8" })
    expect(server.commands[0]?.[2]).toBe("")
  })
})

describe("not being let in", () => {
  const rows: ReadonlyArray<readonly [string, SmtpScript, object]> = [
    ["535", { auth: reply("535 5.7.8 bad credentials") }, { scope: "config", retryable: true, code: "auth" }],
    ["454", { auth: reply("454 4.7.0 later") }, { scope: "host", retryable: true, code: "454" }],
    ["closed", { auth: close }, { scope: "host", retryable: true, code: "connection-closed" }],
    ["silence", { auth: silence }, { scope: "host", retryable: true, code: "timeout" }],
    ["no AUTH offered", { ehlo: reply("250 scripted.test") }, { scope: "config", retryable: true, code: "auth" }],
  ]
  test.each(rows)("%s", async (_name, script, expected) => {
    const server = await start({ ...offering("PLAIN"), ...script })
    const transport = smtp(impatiently(server.url, { auth }))
    expect(await sendOnce(transport)).toMatchObject({ outcome: { type: "rejected", ...expected }, handoffs: 0 })
    expect(await transport.verify?.(new AbortController().signal)).toMatchObject(expected)
  })

  test("a token function that fails is a host rejection with its reason", async () => {
    const server = await start(offering("XOAUTH2"))
    const accessToken = () => Promise.reject(new Error("identity provider is down"))
    const transport = smtp(impatiently(server.url, { auth: { user: "ann", accessToken } }))
    const { outcome } = await sendOnce(transport)
    expect(outcome).toMatchObject({
      scope: "host",
      code: "access-token",
      response: expect.stringContaining("identity provider is down"),
    })
  })

  test("a token function that never answers does not outlive the deadline", async () => {
    const server = await start(offering("XOAUTH2"))
    const accessToken = () => new Promise<string>(() => {})
    const timeouts = { deadlineMs: 100 }
    const transport = smtp(impatiently(server.url, { auth: { user: "ann", accessToken }, timeouts }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ scope: "host", code: "deadline" })
  })
})

describe("verify", () => {
  test("connects and logs in, and sends nothing", async () => {
    const server = await start(offering("PLAIN"))
    const transport = smtp(impatiently(server.url, { auth }))
    expect(await transport.verify?.(new AbortController().signal)).toBeUndefined()
    expect(server.commands[0]?.map((line) => line.slice(0, 4))).toEqual(["EHLO", "AUTH", "QUIT"])
  })
})

describe("secrets", () => {
  const forms = [pass, base64(pass), base64(`\u0000ann\u0000${pass}`), "token-abc", encodeURIComponent(pass)]

  test.each([
    ["refused login", { auth: reply(`535 wrong: ${pass} / ${base64(`\u0000ann\u0000${pass}`)}`) }],
    ["refused recipient", { rcpt: reply(`550 ${pass} ${base64(pass)}`) }],
    ["accepted mail", { end: reply(`250 ${encodeURIComponent(pass)} ${base64(pass)}`) }],
    ["lost reply", { end: reply(`what ${pass}`) }],
  ])("a server that echoes the password gives nothing away: %s", async (_name, script) => {
    const server = await start({ ...offering("PLAIN"), ...script })
    const transport = smtp(impatiently(server.url, { auth }))
    const { outcome } = await sendOnce(transport)
    expect(JSON.stringify(outcome)).toContain("[redacted]")
    for (const form of forms) expect(JSON.stringify(outcome)).not.toContain(form)
    await transport.close?.()
  })

  test("an access token is not echoed either", async () => {
    const server = await start({ ...offering("XOAUTH2"), auth: reply("535 token-abc is over") })
    const transport = smtp(impatiently(server.url, { auth: { user: "ann", accessToken: async () => "token-abc" } }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ response: "535 [redacted] is over" })
  })

  test("looking at the transport shows no secret", async () => {
    const server = await start(offering("PLAIN"))
    const transport = smtp(impatiently(server.url, { auth }))
    await sendOnce(transport)
    const seen = inspect(transport, { depth: 20, showHidden: true })
    for (const form of forms) expect(seen).not.toContain(form)
    await transport.close?.()
  })
})
