import { ScriptedSmtpServer } from "sendstate/testing"
import { smtp } from "sendstate/transport/smtp"
import { expect, test, vi } from "vitest"
import { impatiently, sendOnce } from "./mail.ts"

vi.mock("nodemailer/lib/mail-composer", () => {
  throw new Error("Cannot find package 'nodemailer'")
})

test("without nodemailer the campaign is paused with the command that installs it, and no lead is to blame", async () => {
  const server = await ScriptedSmtpServer.start()
  const transport = smtp(impatiently(server.url))
  const expected = {
    type: "rejected",
    scope: "config",
    code: "missing-dependency",
    response: expect.stringContaining("npm install nodemailer"),
  }
  expect(await sendOnce(transport)).toMatchObject({ outcome: expected, handoffs: 0 })
  expect(await transport.verify?.(new AbortController().signal)).toMatchObject(expected)
  await server.stop()
})
