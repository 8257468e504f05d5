import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail, twoMails } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const bytesOf = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.startsWith("news."))
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n")

test("an address is suppressed, listed without being shown, and lifted again", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(1))
  await sendstate(folder.path, [
    "run",
    "campaign.yaml",
    "leads.csv",
    "--yes",
    "--json",
    "--smtp",
    inbox.url(),
    "--until-idle",
  ])
  expect((await sendstate(folder.path, ["suppressions"])).stdout).toBe("Nobody is suppressed.\n")
  const done = await sendstate(folder.path, ["suppress", "stranger@y.test", "--topic", "News", "--reason", "by phone"])
  expect(done).toMatchObject({ code: 0 })
  expect(done.stdout + done.stderr).not.toContain("stranger")
  const listed = await sendstate(folder.path, ["suppressions", "--json"])
  expect(listed.json()).toMatchObject({ topic: "news", reason: "by phone" })
  expect(bytesOf(folder.path)).not.toContain("stranger")
  expect((await sendstate(folder.path, ["unsuppress", "stranger@y.test", "--json"])).json()).toMatchObject({
    lifted: false,
  })
  const lifted = await sendstate(folder.path, ["unsuppress", "Stranger@y.test", "--topic", "news", "--json"])
  expect(lifted.json()).toEqual({ lifted: true, topic: "news" })
  const wrong = await sendstate(folder.path, ["suppress", "a@x.test, b@x.test"])
  expect(wrong).toMatchObject({ code: 1 })
})

test("beside a running owner the owner suppresses: what has not started is not sent", async () => {
  await using inbox = await MailInbox.start({ delayMs: 200 })
  await using folder = await campaignFolder(oneMail, leadsCsv(60))
  const url = `${inbox.url()}?connections=1`
  const running = start(folder.path, ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", url])
  await inbox.has(1)
  expect((await sendstate(folder.path, ["suppress", "u59@x.test", "--json"])).json()).toMatchObject({
    suppressed: true,
  })
  inbox.behaviour.delayMs = 0
  expect((await running.ended).json()).toMatchObject({ sent: 59, suppressed: 1 })
  expect(inbox.copies().has("u59@x.test")).toBe(false)
})
