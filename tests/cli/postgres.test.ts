import { expect, onTestFinished, test } from "vitest"
import { dropSchema, newSchema, noServer, serverUrl } from "../plugins/storage/postgres/server.ts"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

test("a campaign runs on PostgreSQL; status and verify look at it; no password is shown", async ({ skip }) => {
  if (noServer !== undefined) skip(noServer)
  const schema = newSchema()
  onTestFinished(() => dropSchema(schema))
  const url = new URL(serverUrl)
  url.password = "canary"
  url.searchParams.set("schema", schema)
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(12))
  const args = ["campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--db", url.href, "--yes"]
  const run = await sendstate(folder.path, ["run", ...args, "--json"])
  expect(run.json()).toMatchObject({ state: "completed", planned: 12, sent: 12 })
  expect(run.code).toBe(0)
  const again = await sendstate(folder.path, ["run", ...args])
  expect(again.code).toBe(0)
  expect(inbox.received).toHaveLength(12)
  const status = await sendstate(folder.path, ["status", "--json"], { SENDSTATE_DB: url.href })
  expect(status.code).toBe(0)
  const verified = await sendstate(folder.path, ["verify", "--db", url.href, "--json"])
  expect(verified.json()).toMatchObject({ ok: true, executions: 12 })
  for (const { stdout, stderr } of [run, again, status, verified]) expect(stdout + stderr).not.toContain("canary")
})
