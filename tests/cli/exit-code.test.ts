import { createServer } from "node:net"
import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail, twoMails } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const args = ["run", "campaign.yaml", "leads.csv", "--yes", "--json"]

test("2: a lead that the server does not know fails alone", async () => {
  await using inbox = await MailInbox.start({
    recipient: (to) => (to === "u2@x.test" ? { code: 550, text: "5.1.1 no such user" } : undefined),
  })
  await using folder = await campaignFolder(oneMail, leadsCsv(4))
  const { code, json } = await sendstate(folder.path, [...args, "--smtp", inbox.url()])
  expect(code).toBe(2)
  expect(json()).toMatchObject({ state: "completed", sent: 3, failed: 1, enrollments: { finished: 3, ended: 1 } })
})

test("3: a mail whose reply was lost is in doubt and held, not sent again; resolving it lets the campaign end", async () => {
  let lost = false
  await using inbox = await MailInbox.start({
    mail: (to) => {
      if (to !== "u2@x.test" || lost) return undefined
      lost = true
      return "hang up"
    },
  })
  await using folder = await campaignFolder(oneMail, leadsCsv(3))
  // One connection: hanging up must hit one mail only.
  const smtp = ["--smtp", `${inbox.url()}?connections=1`]
  const run = await sendstate(folder.path, [...args, ...smtp])
  expect(run.code).toBe(3)
  expect(run.json()).toMatchObject({ state: "running", sent: 2, inDoubt: 1, inDoubtTotal: 1 })
  expect(run.stderr).toContain("sendstate resolve")

  const list = await sendstate(folder.path, ["list", "--state", "in-doubt", "--json"])
  const [execution] = list.json().executions as ReadonlyArray<{ readonly execution: string; readonly lead: string }>
  expect(execution?.lead).toBe("u2@x.test")
  const resolved = await sendstate(folder.path, ["resolve", execution?.execution ?? "", "--as", "sent", "--json"])
  expect(resolved.code).toBe(0)
  expect(resolved.json()).toMatchObject({ changed: 1, answers: { applied: 1 } })
  const again = await sendstate(folder.path, [...args, ...smtp])
  expect(again.code).toBe(0)
  expect(again.json()).toMatchObject({ state: "completed", sent: 3, inDoubt: 0, inDoubtTotal: 1 })
  expect([...inbox.copies().values()]).toEqual([1, 1, 1])
})

test("1: a wrong password is found before the first mail, with one connection; it is not shown", async () => {
  await using inbox = await MailInbox.start({ login: () => false })
  await using folder = await campaignFolder(oneMail, leadsCsv(20))
  const url = inbox.url({ user: "ann", password: "hunter-two" })
  const { code, stdout, stderr, json } = await sendstate(folder.path, args, { SENDSTATE_SMTP_URL: url })
  expect(code).toBe(1)
  expect(inbox.connections).toBe(1)
  expect(stderr).toContain("Check user, password and TLS")
  expect(json()).toMatchObject({ planned: 0, sent: 0 })
  expect(json().cause).toContain("535")
  expect(stdout + stderr).not.toContain("hunter-two")
})

test("1: a password that stops being right pauses the campaign with the cause; the next run goes on with it", async () => {
  let logins = 0
  await using inbox = await MailInbox.start({ login: () => logins++ < 1 })
  await using folder = await campaignFolder(`${oneMail}retry: { base: 100 ms, cap: 1 s }\n`, leadsCsv(20))
  const smtp = ["--smtp", inbox.url({ user: "ann", password: "hunter-two" })]
  const run = await sendstate(folder.path, [...args, ...smtp])
  expect(run.code).toBe(1)
  expect(run.json()).toMatchObject({ state: "degraded", sent: 0, failed: 0 })
  expect(run.json().cause).toContain("535")
  expect(inbox.connections).toBeLessThan(10)
  expect(run.stdout + run.stderr).not.toContain("hunter-two")

  inbox.behaviour.login = () => true
  const again = await sendstate(folder.path, [...args, ...smtp])
  expect(again.code).toBe(0)
  expect(again.json()).toMatchObject({ state: "completed", sent: 20, failed: 0 })
})

test("1: a server that is not there, a campaign file with mistakes, and a wrong command line", async () => {
  await using folder = await campaignFolder(oneMail, leadsCsv(2))
  const closed = createServer()
  const port = await new Promise<number>((resolve) => {
    closed.listen(0, "127.0.0.1", () => {
      const address = closed.address()
      closed.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
  const absent = sendstate(folder.path, [...args, "--smtp", `smtp://127.0.0.1:${port}`])
  const unnamed = sendstate(folder.path, args)
  await folder.write(
    "wrong.yaml",
    "id: news\nfrom: nobody\nstepps: []\nsteps:\n  - template: hello\n    after: soon\nattachments: [../../etc/hostname]\n",
  )
  const wrong = sendstate(folder.path, ["run", "wrong.yaml", "leads.csv", "--json", "--yes"])
  const unknown = sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--sped", "2"])
  const command = sendstate(folder.path, ["sned"])
  expect(await absent).toMatchObject({ code: 1 })
  expect((await absent).stderr).toContain("Start it, or check host and port")
  expect(await unnamed).toMatchObject({ code: 1 })
  expect((await unnamed).stderr).toContain("SENDSTATE_SMTP_URL")
  expect(await wrong).toMatchObject({ code: 1 })
  expect((await wrong).stderr).toContain('line 3, column 1: there is no field "stepps"')
  expect((await wrong).json()).toMatchObject({ error: { code: "invalid-campaign-file" } })
  expect(await unknown).toMatchObject({ code: 1, stdout: "" })
  expect((await unknown).stderr).toContain("There is no option --sped. Did you mean --speed?")
  expect(await command).toMatchObject({ code: 1, stdout: "" })
  for (const { stderr } of [await absent, await unnamed, await wrong, await unknown, await command])
    expect(stderr).not.toMatch(/\n\s+at /)
})

test("4: work remains after --until-idle, and 130 after Ctrl-C, which lets mails under way end", async () => {
  await using inbox = await MailInbox.start({ delayMs: 300 })
  await using folder = await campaignFolder(twoMails, leadsCsv(300))
  const smtp = ["--smtp", inbox.url()]
  const running = start(folder.path, [...args, ...smtp])
  await inbox.has(5)
  // Twice for one key press: the terminal tells the process, and npm, which tells it again.
  running.process.kill("SIGINT")
  await new Promise((resolve) => setTimeout(resolve, 100))
  running.process.kill("SIGINT")
  const drained = await running.ended
  expect(drained.code).toBe(130)
  const { sent, inDoubt, scheduled } = drained.json()
  // What was under way ended with its receipt: all that the server took is known as sent.
  expect({ sent, inDoubt }).toEqual({ sent: inbox.received.length, inDoubt: 0 })
  expect(Number(scheduled)).toBeGreaterThan(0)

  inbox.behaviour.delayMs = 0
  const idle = await sendstate(folder.path, [...args, ...smtp, "--until-idle"])
  expect(idle.code).toBe(4)
  expect(idle.json()).toMatchObject({ state: "running", sent: 300, scheduled: 300 })
  expect([...inbox.copies().values()].every((copies) => copies === 1)).toBe(true)
})

test("a second Ctrl-C aborts: what was under way is in doubt, and no more than that", async () => {
  await using inbox = await MailInbox.start({ delayMs: 60_000 })
  await using folder = await campaignFolder(oneMail, leadsCsv(20))
  const smtp = ["--smtp", `${inbox.url()}?connections=3`]
  const running = start(folder.path, [...args, ...smtp])
  await inbox.asked(3)
  running.process.kill("SIGINT")
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  running.process.kill("SIGINT")
  expect((await running.ended).code).toBe(130)

  inbox.behaviour.delayMs = 0
  const again = await sendstate(folder.path, [...args, ...smtp])
  expect(again.code).toBe(3)
  expect(again.json()).toMatchObject({ sent: 17, inDoubt: 3, inDoubtTotal: 3 })
})
