import fc from "fast-check"
import { parseInbound, readFeedback } from "sendstate/feedback"
import { describe, expect, test } from "vitest"
import { answer, arf, dsn } from "./reports.ts"

const read = async (raw: string | Uint8Array) => readFeedback(await parseInbound(raw))

const recipient = (action: string, status: string, diagnostic = ""): string =>
  `Final-Recipient: rfc822; bob@example.test\nAction: ${action}\nStatus: ${status}${diagnostic === "" ? "" : `\nDiagnostic-Code: ${diagnostic}`}`

describe("delivery status notifications (RFC 3464)", () => {
  test("an unknown user is a hard bounce of that execution", async () => {
    expect(await read(dsn())).toEqual([
      {
        id: "dsn:<20260401120005.ABC@mx.acme.test>:1",
        type: "bounced",
        at: Date.UTC(2026, 3, 1, 12, 0, 5),
        executionId: "exec-1",
        email: "bob@example.test",
        bounce: {
          kind: "hard",
          enhancedCode: "5.1.1",
          text: "550 5.1.1 <bob@example.test>: Recipient address rejected: User unknown in virtual mailbox table",
        },
      },
    ])
  })

  const rows: ReadonlyArray<readonly [string, string, object]> = [
    ["a full mailbox is soft", recipient("failed", "5.2.2"), { type: "bounced", bounce: { kind: "soft" } }],
    ["a disabled mailbox is hard", recipient("failed", "5.2.1"), { bounce: { kind: "hard" } }],
    ["a policy refusal is soft", recipient("failed", "5.7.1"), { bounce: { kind: "soft" } }],
    ["a bad sender address is soft", recipient("failed", "5.1.8"), { bounce: { kind: "soft" } }],
    ["an expired try is soft", recipient("failed", "4.4.7"), { bounce: { kind: "soft" } }],
    [
      "a vague status gives way to the server's own reply",
      recipient("failed", "5.0.0", "smtp; 550 5.1.1 no such user"),
      { bounce: { kind: "hard", enhancedCode: "5.1.1" } },
    ],
    [
      "a reply without a status is read by its code",
      recipient("failed", "5.0.0", "smtp; 550 no such user"),
      { bounce: { kind: "hard" } },
    ],
    ["a delay decides nothing", recipient("delayed", "4.4.1"), { type: "deferred", bounce: { kind: "soft" } }],
    ["a delivery", recipient("delivered", "2.0.0"), { type: "delivered" }],
  ]
  test.each(rows)("%s", async (_name, perRecipient, expected) => {
    expect(await read(dsn({ perRecipient }))).toMatchObject([expected])
  })

  test("what was relayed or expanded says nothing", async () => {
    expect(await read(dsn({ perRecipient: recipient("relayed", "2.0.0") }))).toEqual([])
    expect(await read(dsn({ perRecipient: recipient("expanded", "2.0.0") }))).toEqual([])
  })

  test("each recipient of a report has an entry of its own", async () => {
    const both = `${recipient("failed", "5.1.1")}\n\n${recipient("delivered", "2.0.0").replace("bob", "carol")}`
    const feedback = await read(dsn({ perRecipient: both }))
    expect(feedback).toMatchObject([{ type: "bounced" }, { type: "delivered", email: "carol@example.test" }])
    expect(new Set(feedback.map(({ id }) => id)).size).toBe(2)
  })

  test("without the mail in it, the bounce address tells", async () => {
    const returned = "--B\nContent-Type: text/plain\n\nnothing"
    expect(await read(dsn({ returned, to: "bounces+exec-2@acme.test" }))).toMatchObject([{ executionId: "exec-2" }])
    expect(await read(dsn({ returned }))).toMatchObject([{ email: "bob@example.test" }])
  })
})

describe("abuse reports (RFC 5965)", () => {
  test("abuse is a complaint about that execution", async () => {
    expect(await read(arf("abuse"))).toEqual([
      {
        id: "arf:<r-1@isp.test>",
        type: "complained",
        at: Date.UTC(2026, 3, 1, 12, 30),
        executionId: "exec-1",
        email: "bob@example.test",
      },
    ])
  })

  test("a redacted recipient is taken from the mail that comes with it", async () => {
    expect(await read(arf("abuse", ""))).toMatchObject([{ executionId: "exec-1", email: "bob@example.test" }])
  })

  test("opt-out unsubscribes; not-spam and auth-failure are about something else", async () => {
    expect(await read(arf("opt-out"))).toMatchObject([{ type: "unsubscribed" }])
    expect(await read(arf("not-spam"))).toEqual([])
    expect(await read(arf("auth-failure"))).toEqual([])
  })
})

describe("replies", () => {
  test("a person's answer belongs to the execution it answers", async () => {
    expect(await read(answer())).toEqual([
      {
        id: "reply:<a-1@example.test>",
        type: "replied",
        at: Date.UTC(2026, 3, 1, 14),
        executionId: "exec-1",
        email: "bob@example.test",
      },
    ])
  })

  test.each([
    ["a vacation notice (RFC 3834)", "Auto-Submitted: auto-replied\n"],
    ["an older vacation notice", "X-Autoreply: yes\n"],
    ["bulk mail", "Precedence: bulk\n"],
    ["a list", "List-Id: <news.example.test>\n"],
    ["mail with an empty return path", "Return-Path: <>\n"],
  ])("%s is neither a reply nor a bounce", async (_name, headers) => {
    expect(await read(answer(headers))).toEqual([])
  })

  test("a read receipt (RFC 8098) is neither", async () => {
    const receipt = answer(
      'Content-Type: multipart/report; report-type=disposition-notification; boundary="B"\n',
    ).replace(
      "Yes, please!",
      "--B\r\nContent-Type: text/plain\r\n\r\nread\r\n--B\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: manual-action; displayed\r\n--B--",
    )
    expect(await read(receipt)).toEqual([])
  })

  test("auto-submitted: no is a person; a mail about something else is nothing", async () => {
    expect(await read(answer("Auto-Submitted: no\n"))).toMatchObject([{ type: "replied" }])
    expect(await read(answer().replace(/In-Reply-To: .*\r\n/, ""))).toEqual([])
  })
})

test("whatever a stranger sends is read without a throw", async () => {
  const seeds = [dsn(), arf("abuse"), answer()]
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(2_000), fc.string({ unit: "binary", maxLength: 12 })), { maxLength: 8 }),
    )
    .map(([raw, cuts]) => cuts.reduce((text, [at, put]) => text.slice(0, at) + put + text.slice(at + put.length), raw))
  await fc.assert(
    fc.asyncProperty(mutated, async (raw) => {
      for (const { id, executionId } of await read(raw)) {
        expect(id.length).toBeGreaterThan(4)
        expect(executionId ?? "x").toMatch(/^[a-zA-Z0-9._~-]{1,100}$/)
      }
    }),
    { numRuns: 300 },
  )
})
