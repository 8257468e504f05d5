import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail, twoMails } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

/** What the database, its log and its lock hold. */
const bytesOf = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.startsWith("news."))
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n")

test("a person is forgotten after a yes: nothing of the address stays in the database, the counts stay", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(3))
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url(), "--until-idle"]
  await sendstate(folder.path, run)
  const asks = await sendstate(folder.path, ["forget", "u2@x.test"])
  expect(asks.code).toBe(1)
  expect(asks.stderr).toContain("There is no terminal to ask: add --yes.")
  expect(bytesOf(folder.path)).toContain("u2@x.test")

  const forgotten = await sendstate(folder.path, ["forget", "U2@x.test", "--yes", "--json"])
  expect(forgotten.code).toBe(0)
  expect(forgotten.json()).toEqual({ forgotten: 1, cancelled: 1, settings: 0, suppressed: true })
  expect(forgotten.stdout + forgotten.stderr).not.toContain("x.test")
  expect(bytesOf(folder.path)).not.toContain("u2@x.test")

  const again = await sendstate(folder.path, ["forget", "u2@x.test", "--yes"])
  expect(again).toMatchObject({ code: 0, stdout: "Nothing is known of this person.\n" })
  const rerun = await sendstate(folder.path, run)
  expect(rerun.json()).toMatchObject({ sent: 3, cancelled: 1, scheduled: 2 })
  expect(inbox.received).toHaveLength(3)
})

test("beside a running owner the owner forgets, and its files keep nothing of the request either", async () => {
  await using inbox = await MailInbox.start({ delayMs: 200 })
  await using folder = await campaignFolder(oneMail, leadsCsv(60))
  const running = start(folder.path, [
    "run",
    "campaign.yaml",
    "leads.csv",
    "--yes",
    "--json",
    "--smtp",
    `${inbox.url()}?connections=1`,
  ])
  await inbox.has(1)
  const forgotten = await sendstate(folder.path, ["forget", "u59@x.test", "--yes", "--json"])
  expect(forgotten.json()).toMatchObject({ forgotten: 1, suppressed: true })
  expect(bytesOf(folder.path)).not.toContain("u59@x.test")
  inbox.behaviour.delayMs = 0
  const ended = await running.ended
  expect(ended.json()).toMatchObject({ sent: 59, cancelled: 1 })
  expect(inbox.copies().has("u59@x.test")).toBe(false)
})

test("what ended long ago is pruned, and counted still", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(3))
  await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()])
  const bad = await sendstate(folder.path, ["prune", "--before", "yesterday", "--yes"])
  expect(bad).toMatchObject({ code: 1 })
  expect(bad.stderr).toContain('--before "yesterday" is no duration')
  const asks = await sendstate(folder.path, ["prune", "--before", "90d"])
  expect(asks.stderr).toContain(
    "Remove all executions that ended more than 90 days ago, with their histories, for good?",
  )
  expect((await sendstate(folder.path, ["prune", "--before", "90d", "--yes", "--json"])).json()).toEqual({ pruned: 0 })
  expect((await sendstate(folder.path, ["prune", "--before", "0 s", "--yes", "--json"])).json()).toEqual({ pruned: 3 })
  const status = await sendstate(folder.path, ["status", "--json"])
  expect(status.json()).toMatchObject({ campaigns: [{ planned: 3, sent: 3 }] })
  expect((await sendstate(folder.path, ["list", "--json"])).json()).toMatchObject({ count: 0 })
})
