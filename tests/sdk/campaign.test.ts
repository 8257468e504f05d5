import { type CampaignInput, defineCampaign, type StandardSchema } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { refusalOf, refusedFields } from "./refusal.ts"

const minimal: CampaignInput = { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] }
const define = (more: object) => defineCampaign({ ...minimal, ...more })

describe("a campaign", () => {
  test("has the documented defaults", () => {
    expect(defineCampaign(minimal)).toEqual({
      id: "spring",
      from: { name: "Ann", address: "ann@acme.test" },
      steps: [{ template: "hello", afterMs: 0 }],
      retry: { attempts: 5, baseMs: 300_000, factor: 2, capMs: 14_400_000, jitter: 0.2, deadlineMs: null },
      onUnknown: "hold",
      priority: "bulk",
      timeZone: "UTC",
      variables: {},
      headers: {},
      attachments: [],
    })
  })

  test("takes delays as words or milliseconds", () => {
    const steps = [{ template: "a" }, { template: "b", after: "3 days" }, { template: "c", after: 1_500 }]
    expect(define({ steps }).steps.map((step) => step.afterMs)).toEqual([0, 259_200_000, 1_500])
  })

  test("takes addresses with names, and the bounce address alone", () => {
    expect(
      define({ replyTo: '"Ann, Sales" <sales@BÜCHER.example>', envelopeFrom: "Bounces <bounce@acme.test>" }),
    ).toMatchObject({
      replyTo: { name: "Ann, Sales", address: "sales@xn--bcher-kva.example" },
      envelopeFrom: "bounce@acme.test",
    })
  })

  test("takes any Standard Schema for its leads' data", () => {
    const schema: StandardSchema<{ plan: string }> = {
      "~standard": { version: 1, vendor: "by-hand", validate: () => ({ value: { plan: "gold" } }) },
    }
    expect(define({ leadData: schema }).leadData).toBe(schema)
    expect(refusedFields(() => define({ leadData: { validate: () => true } }))).toEqual(["leadData"])
  })

  test.each([
    ["id", { id: "" }],
    ["id", { id: "a b" }],
    ["id", { id: "../x" }],
    ["id", { id: "x".repeat(101) }],
    ["from", { from: "Ann <ann@acme.test>, Bob <bob@acme.test>" }],
    ["from", { from: "Ann <ann@acme.test>\r\nBcc: evil@z.test" }],
    ["from", { from: "ann@acme" }],
    ["replyTo", { replyTo: "ann@acme.test\nBcc: evil@z.test" }],
    ["envelopeFrom", { envelopeFrom: "<ann@acme.test> SIZE=1" }],
    ["steps.0.template", { steps: [{ template: "" }] }],
    ["steps.1.after", { steps: [{ template: "a" }, { template: "b", after: "soon" }] }],
    ["steps.0.after", { steps: [{ template: "a", after: Number.NaN }] }],
    ["steps.0.after", { steps: [{ template: "a", after: -1 }] }],
    ["retry.attempts", { retry: { attempts: 0 } }],
    ["retry.cap", { retry: { base: "1 h", cap: "1 min" } }],
    ["onUnknown", { onUnknown: "shrug" }],
    ["locale", { locale: "de_DE" }],
    ["timeZone", { timeZone: "Mars/Olympus" }],
    ["variables.f", { variables: { f: () => 1 } }],
    ["unsubscribe.url", { unsubscribe: { url: "javascript:alert(1)" } }],
    ["unsubscribe.url", { unsubscribe: { url: "https://acme.test/u\r\nBcc: evil@z.test" } }],
    ["unsubscribe.url", { unsubscribe: { url: "https://acme.test/a b" } }],
    ["unsubscribe.url", { unsubscribe: { url: "https://acme.test/>,<mailto:evil@z.test" } }],
    ["unsubscribe.oneClick", { unsubscribe: { url: "mailto:leave@acme.test", oneClick: true } }],
    ["attachments.0.filename", { attachments: [{ filename: "../../etc/passwd", content: new Uint8Array() }] }],
    ["attachments.0.filename", { attachments: [{ filename: "a\r\nb.txt", content: new Uint8Array() }] }],
    ["attachments.0.filename", { attachments: [{ filename: "", content: new Uint8Array() }] }],
    ["attachments.0.content", { attachments: [{ filename: "a.txt", content: "/etc/hostname" }] }],
    [
      "attachments.0.contentType",
      { attachments: [{ filename: "a", content: new Uint8Array(), contentType: "x\r\ny" }] },
    ],
  ])("%s is refused by name in %o", (field, more) => {
    expect(refusedFields(() => define(more))).toEqual([field])
  })

  test.each([
    ["a path as attachment", { attachments: [{ filename: "a.txt", path: "/etc/hostname" }] }],
    ["a URL as attachment", { attachments: [{ filename: "a.txt", href: "http://169.254.169.254/" }] }],
    ["an unknown field", { onUnkown: "resend" }],
    ["an unknown field of a step", { steps: [{ template: "a", delay: "3 days" }] }],
    ["a prototype key", JSON.parse('{"__proto__x": 1}')],
  ])("%s is refused", (_, more: object) => {
    expect(refusalOf(() => define(more))).toMatchObject({ _tag: "InvalidInput", code: "invalid-input" })
  })

  test.each(['{"__proto__": 1}', '{"a": {"constructor": 1}}', '{"a": [{"prototype": 1}]}'])(
    "variables with the key in %s are refused",
    (json) => {
      expect(refusedFields(() => define({ variables: JSON.parse(json) }))).toEqual(["variables"])
    },
  )

  test("every wrong field is named at once, with the campaign's id", () => {
    const refusal = refusalOf(() => define({ from: "ann", timeZone: "Mars/Olympus", onUnknown: "shrug" }))
    expect(refusal.issues.map((issue) => issue.path)).toEqual(["from", "onUnknown", "timeZone"])
    expect(refusal.message).toMatch(/^The campaign "spring" is not valid: from: /)
  })
})

describe("own headers", () => {
  test("are kept as they are written", () => {
    const headers = { "X-Campaign": "spring", "Feedback-ID": "1:acme", "X-Mailer": "acme 1" }
    expect(define({ headers }).headers).toEqual(headers)
  })

  test.each([
    "Bcc",
    "bcc",
    "BCC",
    "Cc",
    "To",
    "From",
    "Sender",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "DKIM-Signature",
    "Return-Path",
    "Received",
    "Resent-To",
    "Resent-Bcc",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
  ])("%s cannot be set", (name) => {
    const refusal = refusalOf(() => define({ headers: { [name]: "x" } }))
    expect(refusal.issues).toMatchObject([{ path: `headers.${name}` }])
    expect(refusal.message).toContain("is set by sendstate")
  })

  test.each(["X A", "X:A", "X\r\nBcc", "X\u0000", "Ü", "", "x".repeat(77), "X\tA"])("%o is no header name", (name) => {
    expect(refusalOf(() => define({ headers: { [name]: "x" } })).message).toContain("is no header name")
  })

  test.each([
    "a\r\nBcc: evil@z.test",
    "a\nb",
    "a\rb",
    "a\u0000",
    "a\u2028b",
    "a\u2029b",
    "a\u007f",
    "a\u0085b",
    "x".repeat(901),
  ])("a value like %o is refused", (value) => {
    expect(refusedFields(() => define({ headers: { "X-A": value } }))).toEqual(["headers.X-A"])
  })

  test("a header named __proto__ is refused, not lost", () => {
    expect(() => define({ headers: JSON.parse('{"__proto__": "x"}') })).toThrow()
  })
})

describe("unsubscribing", () => {
  test.each([
    ["https://acme.test/u?l={leadId}&e={executionId}", undefined, true],
    ["https://acme.test/u", false, false],
    ["mailto:leave@acme.test", undefined, false],
  ])("%s, oneClick %o -> %o", (url, oneClick, expected) => {
    expect(define({ unsubscribe: { url, oneClick } }).unsubscribe).toEqual({ url, oneClick: expected })
  })
})
