import { connect, createServer } from "node:tls"
import { ScriptedSmtpServer, type SmtpScript, smtpScript } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { afterEach, describe, expect, test } from "vitest"
import { impatiently, sendOnce } from "./mail.ts"
import { selfSignedCertificate } from "./self-signed-certificate.ts"

const { raw, reply } = smtpScript

const valid = selfSignedCertificate({ fromDays: -1, toDays: 30 })
const ofAnotherHost = selfSignedCertificate({ fromDays: -1, toDays: 30, host: "mail.other.test" })
const expired = selfSignedCertificate({ fromDays: -30, toDays: -1 })

const offersStartTls: SmtpScript = {
  ehlo: ({ visit }) =>
    visit === 1 ? reply("250-scripted.test\n250 STARTTLS") : reply("250-scripted.test\n250 PIPELINING"),
  starttls: reply("220 go ahead"),
}

const config = (code: string): object => ({ type: "rejected", scope: "config", retryable: true, code })

const running: Array<ScriptedSmtpServer> = []
const start = async (...args: Parameters<typeof ScriptedSmtpServer.start>): Promise<ScriptedSmtpServer> => {
  const server = await ScriptedSmtpServer.start(...args)
  running.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

describe("STARTTLS", () => {
  test("upgrades, verifies by the given authority, and asks for the extensions again", async () => {
    const server = await start(offersStartTls, { tls: valid })
    const transport = smtp(impatiently(server.url, { tls: { required: true, ca: valid.cert } }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    expect(server.commands[0]?.map((line) => line.slice(0, 4))).toEqual([
      "EHLO",
      "STAR",
      "EHLO",
      "MAIL",
      "RCPT",
      "DATA",
    ])
    await transport.close?.()
  })

  test.each([
    ["an unknown authority", valid, undefined],
    ["an expired certificate", expired, expired.cert],
    ["a certificate for another host", ofAnotherHost, ofAnotherHost.cert],
  ])("%s: config, nothing is sent", async (_name, certificate, ca) => {
    const server = await start(offersStartTls, { tls: certificate })
    const transport = smtp(impatiently(server.url, { tls: { required: true, ...(ca === undefined ? {} : { ca }) } }))
    expect((await sendOnce(transport)).outcome).toMatchObject(config("tls"))
    expect(server.commands.flat().some((line) => line.startsWith("MAIL"))).toBe(false)
  })

  test("a certificate for another host is taken where the options name that host", async () => {
    const server = await start(offersStartTls, { tls: ofAnotherHost })
    const tls = { required: true, ca: ofAnotherHost.cert, servername: "mail.other.test" }
    const transport = smtp(impatiently(server.url, { tls }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    await transport.close?.()
  })

  test("an unknown authority is accepted only when the option says how dangerous that is", async () => {
    const server = await start(offersStartTls, { tls: valid })
    const tls = { required: true, dangerouslyAllowInvalidCertificates: true }
    const transport = smtp(impatiently(server.url, { tls }))
    expect((await sendOnce(transport)).outcome).toMatchObject({ type: "accepted" })
    await transport.close?.()
  })

  test("not offered though required: config, nothing is sent in clear", async () => {
    const server = await start()
    const transport = smtp(
      impatiently(server.url, { tls: { required: true }, auth: { user: "ann", pass: "open sesame" } }),
    )
    const { outcome } = await sendOnce(transport)
    expect(outcome).toMatchObject({ ...config("tls"), response: expect.stringContaining("dangerouslyAllowPlaintext") })
    expect(server.commands).toEqual([[expect.stringMatching(/^EHLO /)]])
  })

  test("refused for now: host; refused for good: config", async () => {
    const later = await start({ ...offersStartTls, starttls: reply("454 4.7.0 no entropy") })
    const never = await start({ ...offersStartTls, starttls: reply("502 no") })
    const tls = { required: true }
    const { outcome } = await sendOnce(smtp(impatiently(later.url, { tls })))
    expect(outcome).toMatchObject({ scope: "host", retryable: true, code: "454" })
    expect((await sendOnce(smtp(impatiently(never.url, { tls })))).outcome).toMatchObject(config("tls"))
  })

  test.each([
    ["a whole reply", "220 go\r\n250 injected\r\n"],
    ["the beginning of one", "220 go\r\n250 inje"],
  ])("what is said in clear after the go-ahead is not believed (response injection): %s", async (_name, bytes) => {
    const server = await start({ ...offersStartTls, starttls: [raw(bytes)] }, { tls: valid })
    const transport = smtp(impatiently(server.url, { tls: { required: true, ca: valid.cert } }))
    expect(await sendOnce(transport)).toMatchObject({ outcome: config("tls"), handoffs: 0 })
    expect(server.commands.flat().some((line) => line.startsWith("MAIL"))).toBe(false)
  })
})

describe("TLS from the first byte", () => {
  test("delivers over smtps", async () => {
    const server = createServer(valid, (socket) => {
      socket.write("220 hi\r\n")
      const answers = ["250 hello", "250 ok", "250 ok", "354 go", "250 taken", "221 bye"]
      socket.on("data", (chunk) => {
        const lines = chunk.toString("latin1")
        if (/^(EHLO|MAIL|RCPT|DATA|QUIT)|\r\n\.\r\n$/.test(lines)) socket.write(`${answers.shift()}\r\n`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const port = typeof address === "object" ? address?.port : 0
    const transport = smtp(impatiently(`smtps://localhost:${port}`, { host: "127.0.0.1", tls: { ca: [valid.cert] } }))
    expect((await sendOnce(transport)).outcome).toEqual({ type: "accepted", response: "250 taken" })
    await transport.close?.()
    server.close()
  })

  test("to a server that speaks TLS 1.1 at the most: config, nothing is sent", async () => {
    const versions: Array<string | null> = []
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const
    const server = createServer({ ...valid, ...old }, (socket) => {
      versions.push(socket.getProtocol())
      socket.end("421 too old\r\n")
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const port = typeof address === "object" ? address?.port : 0
    const transport = smtp(impatiently(`smtps://localhost:${port}`, { host: "127.0.0.1", tls: { ca: [valid.cert] } }))
    expect(await sendOnce(transport)).toMatchObject({ outcome: config("tls"), handoffs: 0 })
    expect(versions).toEqual([])
    // It does speak: to who asks for so little.
    const client = connect({ port: port ?? 0, host: "127.0.0.1", ca: valid.cert, ...old })
    await new Promise((resolve) => client.on("secureConnect", resolve))
    expect(versions).toEqual(["TLSv1.1"])
    client.destroy()
    await transport.close?.()
    server.close()
  })

  test("to a port that speaks plain SMTP: config", async () => {
    const server = await start()
    const transport = smtp(impatiently(server.url.replace("smtp:", "smtps:")))
    expect((await sendOnce(transport)).outcome).toMatchObject(config("tls"))
  })
})
