import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, twoMails } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

test("what is signalled on the command line ends a lead's way through the campaign, once", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(`${twoMails}\nexit: replied\n`, leadsCsv(2))
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url(), "--until-idle"]
  await sendstate(folder.path, run)
  const signal = ["signal", "u1@x.test", "replied", "--id", "r1", "--at", new Date().toISOString()]
  const first = await sendstate(folder.path, [...signal, "--json"])
  expect(first).toMatchObject({ code: 0 })
  expect(first.json()).toEqual({ isNew: true, released: 0, cancelled: 1, enrolled: 0, started: 0 })
  expect(first.stdout + first.stderr).not.toContain("x.test")
  expect(await sendstate(folder.path, signal)).toMatchObject({
    code: 0,
    stdout: "replied was signalled before: nothing was done.\n",
  })
  expect((await sendstate(folder.path, ["status", "--json"])).json()).toMatchObject({
    campaigns: [{ sent: 2, cancelled: 1, scheduled: 1 }],
  })
})

test.each([
  [["u1@x.test", "two words"], "the name of an event"],
  [["u1@x.test", "replied", "--at", "soon"], "--at is an ISO 8601 time"],
  [["u1@x.test", "replied", "--at", "2026-02-30T00:00:00Z"], "of a day that exists"],
  [["u1@x.test", "replied", "--at", "2099-01-01T00:00:00Z"], "lies in the future"],
  [["u1@x.test", "replied", "--campaign", "nws"], 'no campaign "nws"'],
])("a wrong signal is refused with what to write: %j", async (args, message) => {
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
  const refused = await sendstate(folder.path, ["signal", ...args])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(message)
})
