/** Who is heard when a mail comes in: people are, programs are not. */
import { parseInbound, readFeedback } from "sendstate/feedback"
import type { CampaignInput } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { dsn } from "../feedback/reports.ts"
import { openCampaign, people } from "./world.ts"

const ann = "ann@example.test"

const journey: Partial<CampaignInput> = {
  steps: [{ template: "hello" }, { template: "nudge", after: "1 day" }],
  exit: "replied",
  triggers: [{ mail: { subject: "price" } }, { mail: { subject: "undelivered" } }],
}

const raw = (headers: ReadonlyArray<string>, from = "Ann <ann@example.test>", subject = "Your price?"): string =>
  [`From: ${from}`, "To: shop@acme.test", `Subject: ${subject}`, ...headers, "", "Hello!"].join("\r\n")

/** A campaign that has mailed Ann once, and the Message-ID of that mail. */
const mailedAnn = async () => {
  const world = await openCampaign(journey)
  await world.spring.enroll(people("ann"))
  await world.spring.idle()
  const messageId = world.inbox.sent[0]?.message.messageId ?? ""
  return { ...world, messageId: messageId.startsWith("<") ? messageId : `<${messageId}>` }
}

describe("a parsed mail", () => {
  test("of a person is a reply to the mail that it answers, and says so once", async () => {
    const { runtime, messageId } = await mailedAnn()
    const message = await parseInbound(
      raw([`In-Reply-To: ${messageId}`, "Message-ID: <a1@example.test>", "Date: Thu, 01 Jan 2015 00:00:00 +0000"]),
    )
    expect(await runtime.receive(message)).toMatchObject({ lead: ann, cancelled: 1, ignored: null })
    expect(await runtime.receive(message)).toMatchObject({ lead: ann, cancelled: 0, ignored: null })
  })

  test.each([
    ["an out-of-office answer", ["Auto-Submitted: auto-replied"]],
    ["an older one", ["X-Autoreply: yes"]],
    ["a list", ["List-Id: <news.example.test>"]],
    ["bulk mail", ["Precedence: bulk"]],
    ["mail with an empty return path", ["Return-Path: <>"]],
  ])("that is %s ends nobody's journey and enrolls nobody", async (_name, headers) => {
    const { runtime, messageId, executions } = await mailedAnn()
    const result = await runtime.receive(await parseInbound(raw([`References: ${messageId}`, ...headers])))
    expect(result).toEqual({ lead: null, answers: null, enrolled: 0, started: 0, cancelled: 0, ignored: "automatic" })
    const stranger = await parseInbound(raw(headers, "bob@example.test"))
    expect(await runtime.receive(stranger)).toMatchObject({ enrolled: 0, ignored: "automatic" })
    expect((await executions()).map(({ state }) => state).sort()).toEqual(["done", "scheduled"])
  })

  test("that is a bounce enrolls nobody, though its subject is one of a trigger: receiveFeedback knows it", async () => {
    const { runtime, executions } = await mailedAnn()
    const before = (await executions()).length
    const bounce = await parseInbound(dsn())
    expect(await runtime.receive(bounce)).toMatchObject({ lead: null, enrolled: 0, ignored: "automatic" })
    expect(readFeedback(bounce)).toMatchObject([{ type: "bounced" }])
    expect(await executions()).toHaveLength(before)
  })

  test("of ours that came back to us is nobody's", async () => {
    const { runtime, messageId } = await mailedAnn()
    const own = await parseInbound(raw([`Message-ID: ${messageId}`], "Shop <shop@acme.test>"))
    expect(await runtime.receive(own)).toMatchObject({ enrolled: 0, ignored: "own" })
  })

  test("without a sender that could be mailed is ignored, whatever else is in it", async () => {
    const { runtime } = await mailedAnn()
    for (const from of ["", "undisclosed", "<>", "a@b, c@d"]) {
      const message = { ...(await parseInbound(raw([]))), from }
      expect(await runtime.receive(message)).toMatchObject({ lead: null, ignored: "no-sender" })
    }
  })
})

test.each([
  "MAILER-DAEMON@mx.acme.test",
  "Mail Delivery System <mailer-daemon@example.test>",
  "postmaster@example.test",
  "no-reply@example.test",
  "Shop <noreply+17@example.test>",
  "do_not_reply@example.test",
])("nobody is enrolled who cannot read: %s", async (from) => {
  const { runtime } = await openCampaign(journey)
  expect(await runtime.receive({ messageId: "m1", from, subject: "price" })).toMatchObject({
    enrolled: 0,
    ignored: "automatic",
  })
})

test("a mail that was parsed elsewhere is heard by what it has: a sender is enough, its content names it", async () => {
  const { runtime } = await openCampaign(journey)
  const mail = { from: "Noreen <noreen@example.test>", subject: "Your price?" }
  expect(await runtime.receive(mail)).toMatchObject({ lead: "noreen@example.test", enrolled: 1, ignored: null })
  expect(await runtime.receive(mail)).toMatchObject({ enrolled: 0, ignored: null })
  expect(await runtime.receive({ ...mail, from: "eve@example.test", subject: "Hi" })).toMatchObject({
    lead: null,
    ignored: "unknown-sender",
  })
  const receipt = { ...mail, from: "bob@example.test", headers: { "Auto-Submitted": "auto-generated" } }
  expect(await runtime.receive(receipt)).toMatchObject({ ignored: "automatic" })
  const longName = `${"Bob ".repeat(150)}<bob@example.test>`
  expect(await runtime.receive({ ...mail, from: longName })).toMatchObject({ lead: "bob@example.test" })
})
