import * as fc from "fast-check"
import { ScriptedSmtpServer, type SmtpStage, smtpScript } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { expect, onTestFinished, test } from "vitest"
import { impatiently, sendOnce } from "../plugins/transport/smtp/mail.ts"
import { corpus, damaged, law } from "./corpus.ts"

const { close, raw } = smtpScript

const files = corpus("smtp")

const stages: ReadonlyArray<SmtpStage> = ["greeting", "ehlo", "mail", "rcpt", "data", "end"]

/** A server that says these bytes at one stage and closes, and a transport on it. */
const talk = async () => {
  let said = { stage: "end" as SmtpStage, bytes: "" }
  const step = (stage: SmtpStage, normal: string) => () =>
    said.stage === stage ? [raw(said.bytes), close] : raw(normal)
  const server = await ScriptedSmtpServer.start({
    greeting: step("greeting", "220 corpus.test\r\n"),
    ehlo: step("ehlo", "250 corpus.test\r\n"),
    mail: step("mail", "250 ok\r\n"),
    rcpt: step("rcpt", "250 ok\r\n"),
    data: step("data", "354 go on\r\n"),
    end: step("end", "250 ok\r\n"),
  })
  onTestFinished(() => server.stop())
  return async (stage: SmtpStage, bytes: Buffer | string) => {
    said = { stage, bytes: bytes as string }
    const transport = smtp(impatiently(server.url))
    try {
      return await sendOnce(transport)
    } finally {
      await transport.close?.()
    }
  }
}

const afterTheDot: Readonly<Record<string, string>> = {
  accepted: "accepted",
  "accepted-bare": "accepted",
  "accepted-in-lines": "accepted",
  "accepted-lf": "accepted",
  "accepted-not-utf8": "accepted",
  later: "rejected",
  refused: "rejected",
}

test("after the final dot each answer of the corpus is what it says, and in doubt where it says nothing", async () => {
  const say = await talk()
  const found: Record<string, unknown> = {}
  for (const [name, content] of files) found[name] = (await say("end", content)).outcome.type
  const all = Object.fromEntries(files.map(([name]) => [name, afterTheDot[name] ?? "unknown"]))
  expect(found).toEqual(all)
}, 60_000)

test("before the final dot no answer of the corpus leaves a doubt or looks like a success", async () => {
  const say = await talk()
  for (const stage of stages.slice(0, 5))
    for (const [name, content] of files) {
      // There it is what the client waits for.
      if (stage === "data" && name === "code-354") continue
      const { outcome, handoffs } = await say(stage, content)
      expect([stage, name, outcome.type, handoffs]).toEqual([stage, name, "rejected", 0])
    }
}, 60_000)

test("whatever a server says wherever: an outcome with its reason, accepted only for a complete 2xx after the dot", async () => {
  const say = await talk()
  const digits = fc.string({ unit: fc.constantFrom(..."0123456789- \r\n.ab"), maxLength: 60 })
  const bytes = fc.oneof(
    damaged(files.map(([, content]) => content).filter((content) => content.length < 1_000)),
    fc.uint8Array({ maxLength: 80 }).map((list) => Buffer.from(list)),
    digits.map((text) => Buffer.from(text)),
    digits.map((text) => Buffer.from(`${text}\r\n`)),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...stages), bytes, async (stage, content) => {
      const { outcome, handoffs } = await say(stage, content)
      const isComplete = /^(2\d\d-[^\n]*\r?\n)*2\d\d( [^\n]*)?\r?\n/.test(content.toString("latin1"))
      // What was asked for at DATA: then the mail goes out, and the connection closes.
      const begins = stage === "data" && /^(354-[^\n]*\r?\n)*354( [^\n]*)?\r?\n/.test(content.toString("latin1"))
      if (stage !== "end" && !begins) {
        expect(outcome.type).toBe("rejected")
        expect(handoffs).toBe(0)
      } else if (outcome.type === "accepted") expect(isComplete).toBe(true)
      else expect(outcome.type === "unknown" ? outcome.stage : outcome.code).not.toBe("")
    }),
    law(250),
  )
}, 60_000)
