import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const triggered = `${oneMail}triggers: [{ event: wants-more }]\nreentry: always\n`
const run = (inbox: MailInbox, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"],
  ...more,
]
const signal = ["signal", "u1@x.test", "wants-more", "--json"]

test("a campaign with triggers stays open after its run: whom they let in is mailed by the next one", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(triggered, leadsCsv(2))
  const first = await sendstate(folder.path, run(inbox))
  expect(first).toMatchObject({ code: 0 })
  expect(first.json()).toMatchObject({ state: "running", sent: 2 })
  expect(first.stderr).toContain("It waits for its triggers")
  expect((await sendstate(folder.path, signal)).json()).toMatchObject({ enrolled: 1 })
  expect((await sendstate(folder.path, run(inbox))).json()).toMatchObject({ state: "running", sent: 3 })
  expect(inbox.copies().get("u1@x.test")).toBe(2)
}, 60_000)

test("with --wait the run mails them at once, until Ctrl-C", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(triggered, leadsCsv(1))
  const waiting = start(folder.path, run(inbox, "--wait"))
  await inbox.has(1)
  expect((await sendstate(folder.path, signal)).json()).toMatchObject({ enrolled: 1 })
  await inbox.has(2)
  waiting.process.kill("SIGINT")
  expect(await waiting.ended).toMatchObject({ code: 130 })
  expect((await sendstate(folder.path, ["status", "--json"])).json()).toMatchObject({
    campaigns: [{ state: "running", sent: 2 }],
  })
}, 60_000)

test("a run that waits ends when its campaign is cancelled", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(triggered, leadsCsv(1))
  const waiting = start(folder.path, run(inbox, "--wait"))
  await inbox.has(1)
  await sendstate(folder.path, ["cancel", "--campaign", "news", "--yes"])
  expect(await waiting.ended).toMatchObject({ code: 4 })
}, 60_000)

test("a campaign with triggers starts without a lead; one without has nobody to wait for", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(triggered, "email\n")
  const begun = await sendstate(folder.path, run(inbox))
  expect(begun).toMatchObject({ code: 0 })
  expect(begun.json()).toMatchObject({ state: "running", planned: 0 })
  expect(await sendstate(folder.path, run(inbox, "--wait", "--until-idle"))).toMatchObject({ code: 1 })
  await using other = await campaignFolder(oneMail, leadsCsv(1))
  const refused = await sendstate(other.path, run(inbox, "--wait"))
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.stderr).toContain("--wait is for campaigns with triggers")
}, 60_000)

const waitAlone = (inbox: MailInbox, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["run", "campaign.yaml", "--wait", "--smtp", inbox.url(), "--yes", "--json"],
  ...more,
]

test("with --wait triggers are enough: the run needs no file of leads, and without it says why it does", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(triggered, leadsCsv(1))
  const noWait = await sendstate(folder.path, ["run", "campaign.yaml", "--smtp", inbox.url(), "--yes"])
  expect(noWait.code).toBe(1)
  expect(noWait.stderr).toContain("LEADS.csv is missing. Without it only triggers let leads in: give --wait")
  const planned = await sendstate(folder.path, ["run", "campaign.yaml", "--wait", "--dry-run"])
  expect(planned.code).toBe(0)
  expect(planned.stdout).toContain("1 mail to whom its triggers let in")
  const limited = await sendstate(folder.path, waitAlone(inbox, "--limit", "3"))
  expect(limited.code).toBe(1)
  expect(limited.stderr).toContain("--limit is about the rows of LEADS.csv, which is not given")
  await folder.write("campaign.yaml", oneMail)
  const noTriggers = await sendstate(folder.path, ["run", "campaign.yaml", "--smtp", inbox.url(), "--yes"])
  expect(noTriggers.code).toBe(1)
  expect(noTriggers.stderr).toContain("LEADS.csv is missing: whom to mail")
  expect(inbox.received).toEqual([])
}, 60_000)

test("a trigger by time mails the stored leads when its time comes, while a run waits for it", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail.replace("id: news", "id: before"), leadsCsv(2))
  expect(await sendstate(folder.path, run(inbox, "--db", "all.db"))).toMatchObject({ code: 0 })
  // Each minute of its own time: the first of them lets both in, and without reentry nobody comes twice.
  await folder.write("campaign.yaml", `${oneMail}triggers: [{ at: "* * * * *" }]\n`)
  const waiting = start(folder.path, waitAlone(inbox, "--db", "all.db", "--speed", "60"))
  await inbox.has(4)
  waiting.process.kill("SIGINT")
  const ended = await waiting.ended
  expect(ended.code).toBe(130)
  expect(ended.json()).toMatchObject({
    campaign: "news",
    state: "running",
    planned: 2,
    sent: 2,
    enrolled: 0,
    rejected: 0,
  })
  expect(inbox.copies()).toEqual(
    new Map([
      ["u1@x.test", 2],
      ["u2@x.test", 2],
    ]),
  )
}, 60_000)
