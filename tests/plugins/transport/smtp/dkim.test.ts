import { createHash, generateKeyPairSync, verify } from "node:crypto"
import { ScriptedSmtpServer } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { describe, expect, test } from "vitest"
import { impatiently, mail, sendOnce } from "./mail.ts"

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2_048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
})
const dkim = { domainName: "acme.test", keySelector: "spring", privateKey }

const message = mail({
  html: `<p>${"Grüße ".repeat(40)}  </p>\n\n.\n\n`,
  listUnsubscribe: { urls: ["https://acme.test/u?t=1"], oneClick: true },
})

const wireOf = async (): Promise<string> => {
  const server = await ScriptedSmtpServer.start()
  const transport = smtp(impatiently(server.url, { dkim }))
  expect((await sendOnce(transport, message)).outcome).toMatchObject({ type: "accepted" })
  await transport.close?.()
  await server.stop()
  const wire = server.bodies[0] ?? ""
  // As the receiver has it: without dot stuffing and without the final dot.
  return wire.replace(/\r\n\.\r\n$/, "\r\n").replaceAll("\r\n..", "\r\n.")
}

const relaxedHeader = (field: string): string => {
  const colon = field.indexOf(":")
  const value = field
    .slice(colon + 1)
    .replaceAll("\r\n", "")
    .replace(/[ \t]+/g, " ")
    .trim()
  return `${field.slice(0, colon).trim().toLowerCase()}:${value}`
}

const relaxedBody = (body: string): string =>
  `${body
    .split("\r\n")
    .map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""))
    .join("\r\n")
    .replace(/(\r\n)+$/, "")}\r\n`

/** The parts of a signed mail that RFC 6376 checks. */
const signatureOf = (wire: string) => {
  const end = wire.indexOf("\r\n\r\n")
  const fields = wire.slice(0, end).split(/\r\n(?![ \t])/)
  const signature = fields.find((field) => /^dkim-signature:/i.test(field)) ?? ""
  const tags = new Map(
    relaxedHeader(signature)
      .slice("dkim-signature:".length)
      .split(";")
      .map((tag) => [tag.slice(0, tag.indexOf("=")).trim(), tag.slice(tag.indexOf("=") + 1).replaceAll(" ", "")]),
  )
  return { fields, signature, tags, body: wire.slice(end + 4) }
}

describe("DKIM", () => {
  test("the body hash and the signature verify as the receiver computes them", async () => {
    const { fields, signature, tags, body } = signatureOf(await wireOf())
    expect(tags.get("bh")).toBe(createHash("sha256").update(relaxedBody(body), "latin1").digest("base64"))
    const names = (tags.get("h") ?? "").split(":")
    const signed = names.map((name) =>
      relaxedHeader(fields.find((field) => field.toLowerCase().startsWith(`${name}:`)) ?? ""),
    )
    const bare = relaxedHeader(signature).replace(/b=[^;=]*=*$/, "b=")
    const data = Buffer.from(`${signed.join("\r\n")}\r\n${bare}`, "latin1")
    expect(verify("sha256", data, publicKey, Buffer.from(tags.get("b") ?? "", "base64"))).toBe(true)
    expect(tags.get("d")).toBe("acme.test")
    expect(tags.get("s")).toBe("spring")
  })

  test("covers what must not be changed, both List-Unsubscribe headers included", async () => {
    const { tags } = signatureOf(await wireOf())
    const covered = (tags.get("h") ?? "").split(":")
    for (const name of [
      "from",
      "to",
      "subject",
      "date",
      "message-id",
      "content-type",
      "list-unsubscribe",
      "list-unsubscribe-post",
    ])
      expect(covered).toContain(name)
  })

  test("a resend has the same signature", async () => {
    expect(await wireOf()).toBe(await wireOf())
  })
})
