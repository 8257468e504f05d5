import { generateKeyPairSync } from "node:crypto"
import { InvalidInput } from "sendstate/sdk"
import { type SmtpOptions, smtp } from "sendstate/transport/smtp"
import { afterEach, describe, expect, test, vi } from "vitest"

const caught = (attempt: () => unknown): InvalidInput => {
  try {
    attempt()
  } catch (error) {
    if (error instanceof InvalidInput) return error
    throw error
  }
  throw new Error("nothing was thrown")
}

describe("capabilities", () => {
  test("say that handoff is signalled, and declare the rate for the runtime to keep", () => {
    expect(smtp("smtp://mail.acme.test").capabilities).toEqual({
      maxConcurrency: 5,
      maxPerSecond: 10,
      deadlineMs: 900_000,
      signalsHandoff: true,
    })
  })

  test.each(["smtp://127.0.0.1:2525", "smtp://localhost", "smtp://[::1]:25"])("no rate on loopback: %s", (url) => {
    expect(smtp(url).capabilities).not.toHaveProperty("maxPerSecond")
  })

  test("a rate that was asked for holds on loopback too, and can be taken away elsewhere", () => {
    expect(smtp("smtp://127.0.0.1?maxPerSecond=3").capabilities.maxPerSecond).toBe(3)
    expect(smtp("smtp://mail.acme.test?maxPerSecond=unlimited").capabilities).not.toHaveProperty("maxPerSecond")
  })

  test("parameters of the URL set options, and options win over them", () => {
    const url = "smtp://mail.acme.test?connections=20&maxPerSecond=50.5&deadlineMs=1000&name=app.acme.test"
    expect(smtp(url).capabilities).toMatchObject({ maxConcurrency: 20, maxPerSecond: 50.5, deadlineMs: 1_000 })
    expect(smtp({ url, connections: 2 }).capabilities).toMatchObject({ maxConcurrency: 2, maxPerSecond: 50.5 })
  })
})

describe("where the server is taken from", () => {
  afterEach(() => vi.unstubAllEnvs())

  test("from SENDSTATE_SMTP_URL when nothing names one", () => {
    vi.stubEnv("SENDSTATE_SMTP_URL", "smtp://mail.acme.test?connections=7")
    expect(smtp().capabilities.maxConcurrency).toBe(7)
    expect(smtp({ maxPerSecond: 3 }).capabilities).toMatchObject({ maxConcurrency: 7, maxPerSecond: 3 })
    expect(smtp({ host: "other.acme.test" }).capabilities.maxConcurrency).toBe(5)
  })

  test("from nowhere: the error says what to set", () => {
    vi.stubEnv("SENDSTATE_SMTP_URL", "")
    expect(caught(() => smtp()).message).toContain("SENDSTATE_SMTP_URL")
  })
})

describe("what makes no sense is refused, and no secret is quoted", () => {
  const secret = "hunter2-secret"

  test.each([
    ["another protocol", `http://ann:${secret}@mail.acme.test`],
    ["no URL", `ann:${secret}`],
    ["no host", `smtp://ann:${secret}@:25`],
    ["a path", `smtp://ann:${secret}@mail.acme.test/inbox`],
    ["an unknown parameter", `smtp://ann:${secret}@mail.acme.test?conections=5`],
    ["a parameter that is no number", `smtp://ann:${secret}@mail.acme.test?connections=many`],
    ["zero connections", `smtp://ann:${secret}@mail.acme.test?connections=0`],
    ["a bad escape", `smtp://ann:${secret}%zz@mail.acme.test`],
    ["a line break in the password", `smtp://ann:${secret}%0d%0aQUIT@mail.acme.test`],
    ["a bad switch", `smtp://ann:${secret}@mail.acme.test?required=perhaps`],
  ])("a URL with %s", (_name, url) => {
    const error = caught(() => smtp(url))
    expect(error.code).toMatch(/^invalid-(input|smtp-url)$/)
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain(secret)
  })

  const { privateKey: ec } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  })
  const host = "mail.acme.test"
  const rows: ReadonlyArray<readonly [string, Record<string, unknown>, string]> = [
    ["no password", { auth: { user: "ann" } }, "auth"],
    ["both kinds of login", { auth: { user: "ann", pass: secret, accessToken: secret } }, "auth"],
    ["TLS 1.0", { tls: { minVersion: "TLSv1" } }, "tls.minVersion"],
    ["plaintext in a small voice", { tls: { required: false } }, "tls.required"],
    [
      "a DKIM key that is none",
      { dkim: { domainName: "a.test", keySelector: "s", privateKey: secret } },
      "dkim.privateKey",
    ],
    [
      "a DKIM key of another kind",
      { dkim: { domainName: "a.test", keySelector: "s", privateKey: ec } },
      "dkim.privateKey",
    ],
    ["an EHLO name with a line break", { name: "a\r\nQUIT" }, "name"],
    ["a timeout of 0", { timeouts: { finalReplyMs: 0 } }, "timeouts.finalReplyMs"],
    ["a timeout beyond what timers can", { timeouts: { finalReplyMs: 2 ** 31 } }, "timeouts.finalReplyMs"],
    ["an envelope sender that is no address", { envelopeFrom: "a@b.test>\r\nRCPT TO:<c@d.test" }, "envelopeFrom"],
    ["a rate of 0", { maxPerSecond: 0 }, "maxPerSecond"],
    ["NaN connections", { connections: Number.NaN }, "connections"],
  ]
  test.each(rows)("%s", (_name, options, path) => {
    const all: SmtpOptions = Object.assign({ host }, options)
    const error = caught(() => smtp(all))
    expect(error.issues.map((issue) => issue.path)).toContain(path)
    expect(JSON.stringify(error) + error.message).not.toContain(secret)
  })

  test("an option that nobody knows", () => {
    const all: SmtpOptions = Object.assign({ host }, { conections: 5 })
    expect(caught(() => smtp(all)).message).toContain("conections")
  })
})
