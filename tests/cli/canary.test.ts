import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { canary, expectNoCanary, expectNoSecret } from "../security/canaries.ts"
import { campaignFolder, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const leads = `id,email,firstName\n${canary.leadId},${canary.email},Kanaria\n`
const secretsInWords = `${canary.password} ${encodeURIComponent(canary.password)} ${Buffer.from(canary.password).toString("base64")}`
const debug = { SENDSTATE_DEBUG: "1" }

/** The same URL with the password in it. */
const withPassword = (url: string): string =>
  url.replace("smtp://", `smtp://${canary.user}:${encodeURIComponent(canary.password)}@`)

test("a server that refuses the login: neither output nor database holds the password", async () => {
  await using inbox = await MailInbox.start({ login: () => false })
  await using folder = await campaignFolder(oneMail, leads)
  for (const json of [[], ["--json"]]) {
    const ended = await sendstate(
      folder.path,
      ["run", "campaign.yaml", "leads.csv", "--yes", ...json, "--smtp", withPassword(inbox.url())],
      debug,
    )
    expect(ended.code).toBe(1)
    expectNoCanary("stdout", ended.stdout)
    expectNoCanary("stderr", ended.stderr)
  }
})

test("a server that refuses the mail and repeats what it knows: output and database give nothing away", async () => {
  await using inbox = await MailInbox.start({
    login: () => true,
    mail: () => ({ code: 550, text: `5.7.1 ${canary.email} ${canary.name} canary.person ${secretsInWords}` }),
  })
  await using folder = await campaignFolder(oneMail, leads)
  const smtp = withPassword(inbox.url())
  const ended = await sendstate(
    folder.path,
    ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", smtp],
    debug,
  )
  expect(ended.json()).toMatchObject({ failed: 1 })
  expectNoSecret("stdout", ended.stdout)
  expectNoSecret("stderr", ended.stderr)
  expectNoSecret("the database", readFileSync(join(folder.path, "news.db"), "latin1"))
  const status = await sendstate(folder.path, ["status"])
  expectNoCanary("status", status.stdout + status.stderr)
})

test("URLs that cannot be read or reached are not shown with their password", async () => {
  await using folder = await campaignFolder(oneMail, leads)
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json"]
  for (const url of [
    `smtp://${canary.user}:${canary.password}@bad host:x`,
    withPassword("smtp://127.0.0.1:9"),
    withPassword("smtp://127.0.0.1:9?nothing=1"),
  ]) {
    const ended = await sendstate(folder.path, [...run, "--smtp", url], debug)
    expect(ended.code).not.toBe(0)
    expectNoCanary("the output", ended.stdout + ended.stderr)
  }
  const password = encodeURIComponent(canary.password)
  for (const url of [
    `postgres://${canary.user}:${password}@127.0.0.1:9/db`,
    `postgres://${canary.user}:x@${password}@127.0.0.1:9/db`,
  ]) {
    const ended = await sendstate(folder.path, ["status", "--json", "--db", url], debug)
    expect(ended.code).toBe(1)
    expectNoCanary("the output", ended.stdout + ended.stderr)
  }
}, 60_000)
