import { expect, test } from "vitest"
import { arf, dsn } from "../feedback/reports.ts"
import { campaignFolder, leadsCsv, twoMails } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const run = (inbox: MailInbox, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"],
  ...more,
]

/** The Message-ID of the mail that this lead got. */
const messageIdOf = async (inbox: MailInbox, email: string): Promise<string> => {
  const mail = await inbox.parsed(inbox.received.findIndex(({ to }) => to === email))
  return mail.messageId ?? ""
}

const executionOf = (messageId: string): string => messageId.slice(1, messageId.indexOf("@"))

const about = (report: string, messageId: string): string => report.replaceAll("<exec-1@acme.test>", messageId)

const soft = dsn({ perRecipient: "Final-Recipient: rfc822; bob@example.test\nAction: failed\nStatus: 4.2.2" })

const answer = (from: string, messageId: string, more = ""): string =>
  `From: ${from}\r\nSubject: Re: Hello\r\nMessage-ID: <a@x.test>\r\nIn-Reply-To: ${messageId}\r\n${more}\r\nYes!\r\n`

const suppressionsOf = async (folder: string): Promise<number> =>
  (await sendstate(folder, ["suppressions", "--json"])).stdout.split("\n").filter((line) => line !== "").length

test("bounces and complaints are taken in by the process that sends, each once", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(3))
  const running = start(folder.path, run(inbox))
  await inbox.has(3)
  const [first, second, third] = await Promise.all(
    ["u1@x.test", "u2@x.test", "u3@x.test"].map((email) => messageIdOf(inbox, email)),
  )
  await folder.write("bounce.eml", about(dsn(), first ?? ""))
  const hard = await sendstate(folder.path, ["receive", "bounce.eml", "--json"])
  expect(hard.json()).toEqual({
    feedback: [
      {
        type: "bounced",
        bounce: "hard",
        code: "5.1.1",
        execution: executionOf(first ?? ""),
        outcome: "suppressed",
      },
    ],
    answers: null,
    enrolled: 0,
    started: 0,
    cancelled: 0,
    ignored: null,
  })
  expect(hard).toMatchObject({
    code: 0,
    stderr: `Hard bounce 5.1.1 of ${executionOf(first ?? "")}: the address is suppressed.\n`,
  })
  expect(await sendstate(folder.path, ["receive", "bounce.eml"])).toMatchObject({
    code: 0,
    stdout: `Hard bounce 5.1.1 of ${executionOf(first ?? "")}: heard before, nothing was done.\n`,
    stderr: "",
  })
  const [later, complaint, stranger] = [
    await sendstate(folder.path, ["receive", "-"], {}, about(soft, second ?? "")),
    await sendstate(folder.path, ["receive", "-"], {}, about(arf("abuse"), third ?? "")),
    await sendstate(folder.path, ["receive", "-"], {}, dsn()),
  ]
  expect(later.stdout).toBe(`Soft bounce 4.2.2 of ${executionOf(second ?? "")}: noted.\n`)
  expect(complaint.stdout).toBe(`Complaint of ${executionOf(third ?? "")}: the address is suppressed.\n`)
  expect(stranger).toMatchObject({
    code: 0,
    stdout: "Hard bounce 5.1.1: about no mail of this database, nothing was done.\n",
  })
  const replied = await sendstate(folder.path, ["receive", "-"], {}, answer("u2@x.test", second ?? ""))
  expect(replied.stdout).toBe(
    `An answer to ${executionOf(second ?? "")}: 0 mails cancelled, enrolled into 0 campaigns by triggers.\n`,
  )
  expect(await suppressionsOf(folder.path)).toBe(2)
  expect((await sendstate(folder.path, ["explain", executionOf(second ?? "")])).stdout).toContain(
    "bounced for now (4.2.2)",
  )
  running.process.kill("SIGINT")
  expect(await running.ended).toMatchObject({ code: 130 })
}, 90_000)

test("an answer ends its writer's way, and a mail that a trigger asks for enrolls its sender, without any owner", async () => {
  await using inbox = await MailInbox.start()
  const campaign = `${twoMails}exit: replied\ntriggers: [{ mail: { subject: price } }]\n`
  await using folder = await campaignFolder(campaign, leadsCsv(2))
  await sendstate(folder.path, run(inbox, "--until-idle"))
  const messageId = await messageIdOf(inbox, "u1@x.test")
  const replied = await sendstate(folder.path, ["receive", "-", "--json"], {}, answer("U1 <u1@x.test>", messageId))
  expect(replied).toMatchObject({ code: 0 })
  expect(replied.json()).toEqual({
    feedback: [],
    answers: executionOf(messageId),
    enrolled: 0,
    started: 0,
    cancelled: 1,
    ignored: null,
  })
  expect(replied.stdout + replied.stderr).not.toContain("x.test")

  const asked = "From: eve@y.test\r\nSubject: Your price?\r\n\r\nWhat is it?\r\n"
  const enrolled = "A mail of a person: 0 mails cancelled, enrolled into 1 campaign by triggers.\n"
  expect((await sendstate(folder.path, ["receive", "-"], {}, asked)).stdout).toBe(enrolled)
  // Without a Message-ID it is known by what is in it.
  expect((await sendstate(folder.path, ["receive", "-"], {}, asked)).stdout).toBe(
    enrolled.replace("1 campaign", "0 campaigns"),
  )
  expect((await sendstate(folder.path, ["status", "--json"])).json()).toMatchObject({
    campaigns: [{ planned: 5, sent: 2, cancelled: 1, scheduled: 2 }],
  })
}, 60_000)

test("what is nobody's answer is ignored, and the reason is said", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(`${twoMails}exit: replied\n`, leadsCsv(1))
  await sendstate(folder.path, run(inbox, "--until-idle"))
  const messageId = await messageIdOf(inbox, "u1@x.test")
  const receive = async (mail: string, ...more: ReadonlyArray<string>) => {
    const { code, stdout } = await sendstate(folder.path, ["receive", "-", ...more], {}, mail)
    expect(code).toBe(0)
    return stdout
  }
  expect(await receive(answer("u1@x.test", messageId, "Auto-Submitted: auto-replied\r\n"))).toBe(
    "Ignored: a program wrote it, and it is neither a bounce nor a complaint.\n",
  )
  expect(await receive(inbox.received[0]?.raw.toString() ?? "")).toBe(
    "Ignored: it is a mail of this database that came back.\n",
  )
  const stranger = answer("eve@y.test", "<other@y.test>")
  expect(await receive(stranger)).toBe("Ignored: no lead wrote it, and no trigger asks for it.\n")
  expect(await receive("Subject: hello\r\n\r\nhello\r\n")).toBe("Ignored: it names no sender that could be mailed.\n")
  expect((await sendstate(folder.path, ["status", "--json"])).json()).toMatchObject({ campaigns: [{ cancelled: 0 }] })
  expect(await receive(stranger, "--lead", "u1@x.test")).toBe(
    "A mail of a person: 1 mail cancelled, enrolled into 0 campaigns by triggers.\n",
  )
}, 60_000)

test("without a mail, or without mailparser, it says what to do", async () => {
  await using folder = await campaignFolder(twoMails, leadsCsv(1))
  await folder.write(
    "hide.mjs",
    `import { registerHooks } from "node:module"
registerHooks({
  resolve: (name, context, next) => {
    if (name === "mailparser") throw new Error("Cannot find package 'mailparser'")
    return next(name, context)
  },
})
`,
  )
  const receive = async (file: string, env: Readonly<Record<string, string>>, input: string) => {
    const { code, stderr, json } = await sendstate(folder.path, ["receive", file, "--json"], env, input)
    expect(code).toBe(1)
    return { stderr, error: json().error }
  }
  const hidden = await receive("-", { NODE_OPTIONS: "--import=./hide.mjs" }, answer("u1@x.test", "<a@b.test>"))
  expect(hidden.error).toMatchObject({ code: "missing-dependency" })
  expect(hidden.stderr).toContain("Run: npm install mailparser")
  expect((await receive("-", {}, "\n")).stderr).toContain("There is no mail in what was piped in.")
  expect((await receive("gone.eml", {}, "")).stderr).toContain("gone.eml: there is no such file.")
  expect((await receive(".", {}, "")).stderr).toContain(". is a folder: give a file in it")
}, 60_000)
