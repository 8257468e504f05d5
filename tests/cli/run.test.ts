import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail, twoMails } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const spring = fileURLToPath(new URL("../../examples/spring", import.meta.url))
const fast = ["--yes", "--json", "--speed", "1000000"]

test("a run mails every lead of a real campaign each mail once, in UTF-8 and two parts; a second run mails nobody", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, "email\n")
  const args = ["run", join(spring, "campaign.yaml"), join(spring, "leads.csv"), "--smtp", inbox.url(), ...fast]
  const first = await sendstate(folder.path, [...args, "--limit", "25"])
  expect(first.stderr).toContain("100%")
  expect(first.json()).toMatchObject({
    campaign: "spring",
    state: "completed",
    planned: 75,
    sent: 75,
    failed: 0,
    inDoubt: 0,
    inDoubtTotal: 0,
    resent: 0,
    unconfirmed: 0,
    enrollments: { active: 0, finished: 25, ended: 0 },
    rejected: 0,
    duplicates: 0,
  })
  expect(first.code).toBe(0)
  expect(inbox.copies().size).toBe(25)
  expect([...inbox.copies().values()].every((copies) => copies === 3)).toBe(true)
  const hebrew = inbox.received.findIndex(({ to }) => to.startsWith("eitan.peretz1@"))
  const mail = await inbox.parsed(hebrew)
  expect(mail.from?.text).toBe('"Ann Example" <ann@acme.example>')
  expect(mail.to).toMatchObject({ value: [{ name: "איתן פרץ", address: "eitan.peretz1@münchen.test" }] })
  expect(mail.subject).toContain("איתן")
  expect(mail.html).toContain("איתן")
  expect(mail.text).toContain("איתן")
  expect(mail.headers.get("x-campaign")).toBe("spring")

  const again = await sendstate(folder.path, [...args, "--limit", "25"])
  expect(again.code).toBe(0)
  expect(again.json()).toMatchObject({ planned: 75, sent: 75 })
  expect(inbox.received).toHaveLength(75)

  // A longer file, or a larger limit, goes on with the leads that are new.
  const more = await sendstate(folder.path, [...args, "--limit", "27"])
  expect(more.json()).toMatchObject({ state: "completed", sent: 81, enrollments: { finished: 27 } })
  expect(inbox.received).toHaveLength(81)
})

test("bad rows are named by line with the reason, duplicates too, and do not stop the good ones: exit code 2", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, "email\n")
  const args = ["run", join(spring, "campaign.yaml"), join(spring, "leads-bad.csv"), "--smtp", inbox.url(), ...fast]
  const refused = await sendstate(folder.path, [...args, "--strict"])
  expect(refused.code).toBe(2)
  expect(inbox.received).toHaveLength(0)

  const { code, stderr, json } = await sendstate(folder.path, args)
  const { rejected, duplicates, rejectedRows, duplicateRows, sent } = json()
  expect({ code, rejected, duplicates, sent }).toEqual({ code: 2, rejected: 40, duplicates: 3, sent: 42 })
  expect(rejectedRows).toContainEqual({ line: 3, reason: "email: control characters and line breaks are not allowed" })
  expect(rejectedRows).toContainEqual({ line: 43, reason: "email is missing" })
  expect(rejectedRows).toContainEqual({ line: 58, reason: "it has 2 cells, the first line 12" })
  expect(duplicateRows).toEqual([
    { line: 54, firstLine: 53 },
    { line: 56, firstLine: 55 },
    { line: 57, firstLine: 55 },
  ])
  expect(stderr).toContain("line 60: it has 14 cells, the first line 12")
  expect([...inbox.copies().keys()].filter((to) => to.includes("victim") || to.includes("evil"))).toEqual([])
})

test("a dry run checks everything, and stores and sends nothing", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, `${leadsCsv(3)}not an address,X\n`)
  const { code, json } = await sendstate(folder.path, [
    "run",
    "campaign.yaml",
    "leads.csv",
    "--dry-run",
    "--json",
    "--smtp",
    inbox.url(),
  ])
  expect(code).toBe(2)
  expect(json()).toMatchObject({ dryRun: true, leads: 3, planned: 0, sent: 0, rejected: 1, state: null })
  expect(inbox.received).toHaveLength(0)
  expect(existsSync(join(folder.path, "news.db"))).toBe(false)
})

test("a lead that a mail cannot be rendered for is rejected with the variable's name, and can be mended in the file", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, "email,firstName\na@x.test,Ann\nb@x.test,\n")
  const args = ["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"]
  const first = await sendstate(folder.path, args)
  expect(first.code).toBe(2)
  expect(first.json().rejectedRows).toEqual([
    { line: 3, reason: 'the mail "hello" cannot be rendered: firstName has no value' },
  ])
  expect(inbox.copies()).toEqual(new Map([["a@x.test", 1]]))

  await folder.write("leads.csv", "email,firstName\na@x.test,Ann\nb@x.test,Bob\n")
  expect((await sendstate(folder.path, args)).code).toBe(0)
  expect(inbox.copies()).toEqual(
    new Map([
      ["a@x.test", 1],
      ["b@x.test", 1],
    ]),
  )
})

test("nobody is mailed again when the lead file gets an id column between two runs, or names a person twice", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(2))
  const args = ["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"]
  await sendstate(folder.path, args)
  await folder.write(
    "leads.csv",
    "id,email,firstName\n7,u1@x.test,U\n8,U1@X.test,U\n9,new@x.test,N\n9,other@x.test,O\n",
  )
  const { json } = await sendstate(folder.path, args)
  expect(json()).toMatchObject({
    duplicateRows: [
      { line: 2, enrolledAs: "u1@x.test" },
      { line: 3, firstLine: 2 },
    ],
    rejectedRows: [{ line: 5, reason: 'the id "9" belongs to another address in line 4' }],
  })
  expect(Object.fromEntries(inbox.copies())).toEqual({ "u1@x.test": 1, "u2@x.test": 1, "new@x.test": 1 })
})

test("a changed template or campaign file is refused with the difference, before a mail goes out, unless --update takes it", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(1))
  const args = ["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"]
  const first = await sendstate(folder.path, [...args, "--until-idle"])
  expect(first.code).toBe(4)
  expect(first.json()).toMatchObject({ state: "running", sent: 1, scheduled: 1 })

  await folder.write("leads.csv", leadsCsv(2))
  await folder.write("templates/hello.html", "---\nsubject: Another\n---\n<p>Another</p>\n")
  await folder.write("campaign.yaml", twoMails.replace("1 day", "2 days"))
  const refused = await sendstate(folder.path, [...args, "--until-idle"])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('the content of "hello" changed')
  expect(refused.stderr).toContain("steps.1.afterMs was 86400000, is 172800000")
  expect(inbox.received).toHaveLength(1)

  const updated = await sendstate(folder.path, [...args, "--until-idle", "--update"])
  expect(updated.code).toBe(4)
  expect((await inbox.parsed(1)).subject).toBe("Another")
})

test("the speed of the first run stays: a later one is told so", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(1))
  const args = ["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes"]
  await sendstate(folder.path, [...args, "--speed", "2", "--until-idle"])
  const { stdout } = await sendstate(folder.path, [...args, "--speed", "1000000", "--until-idle"])
  expect(stdout).toContain("--speed 1000000 is not used: the campaign was begun with 2, and keeps it")
  expect(inbox.received).toHaveLength(1)
})

test("a campaign runs on a JSON file too", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(5))
  const db = ["--db", "store.json"]
  const run = await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", ...db])
  expect(run.code).toBe(0)
  expect(run.stdout).toContain("5 enrollments: 5 went through all mails")
  const status = await sendstate(folder.path, ["status", "--json", ...db])
  expect(status.json()).toMatchObject({ campaigns: [{ campaign: "news", state: "completed", sent: 5 }] })
})
