import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type Behaviour, fakeProvider, json } from "../plugins/transport/http/fake-provider.ts"
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

test.each([
  ["refuse the key", 401],
  ["refuse the mail", 422],
  ["want fewer", 429],
  ["take it", 200],
])(
  "APIs that %s and repeat what they know: output and database give nothing away",
  async (_what, status) => {
    const echo: Behaviour = ({ headers, body, method }, response) => {
      const key = canary.apiKey
      const words = `${JSON.stringify(headers)} ${key} ${Buffer.from(key).toString("base64")} ${body} ${canary.email} ${canary.name}`
      json(method === "GET" ? 200 : status, { message: words, id: words, MessageID: words, MessageId: words })(
        { headers, body, method, path: "" },
        response,
      )
    }
    const { url } = await fakeProvider(echo)
    const entries = [
      `{ name: mailer, provider: resend, baseUrl: "${url}" }`,
      `{ name: pm, provider: postmark, baseUrl: "${url}" }`,
      `{ name: amazon, provider: ses, region: eu-west-1, baseUrl: "${url}" }`,
      `{ name: own, provider: http, url: "${url}" }`,
      `{ name: other, provider: http, keyHeader: X-Key, url: "${url}" }`,
    ]
    const keys = {
      SENDSTATE_API_KEY_MAILER: canary.apiKey,
      SENDSTATE_API_KEY_PM: canary.apiKey,
      SENDSTATE_API_KEY_OWN: canary.apiKey,
      SENDSTATE_API_KEY_OTHER: canary.apiKey,
      AWS_ACCESS_KEY_ID: "AKIACANARY",
      AWS_SECRET_ACCESS_KEY: canary.apiKey,
      AWS_SESSION_TOKEN: canary.apiKey,
    }
    await using folder = await campaignFolder(oneMail, leads)
    for (const entry of entries) {
      await folder.write("campaign.yaml", `${oneMail}retry: { attempts: 1 }\ntransports:\n  - ${entry}\n`)
      const database = `${/name: (\w+)/.exec(entry)?.[1]}.db`
      const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--until-idle", "--db", database]
      const ended = await sendstate(folder.path, run, { ...keys, ...debug })
      expect(ended.stderr).toContain("through")
      expectNoSecret("stdout", ended.stdout)
      expectNoSecret("stderr", ended.stderr)
      expectNoSecret("the database", readFileSync(join(folder.path, database), "latin1"))
    }
  },
  60_000,
)

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
