import { openStore } from "sendstate"
import type { Feedback } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { trackingHandler } from "sendstate/web"
import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail, twoMails } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const shop = `---\nsubject: 'Hello {{firstName}}'\n---\n<p><a href="https://shop.test/{{firstName}}">See</a></p>\n`
const baseUrl = "https://acme.test/t"
const tracking = `tracking: { baseUrl: "${baseUrl}" }\n`

const trackedFolder = async (campaign: string, leads = 2) => {
  const folder = await campaignFolder(campaign, leadsCsv(leads))
  await folder.write("templates/hello.html", shop)
  return folder
}

const run = (inbox: MailInbox, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"],
  ...more,
]

const linkIn = (html: string): string => /<a href="([^"]*)"/.exec(html)?.[1] ?? ""
const imageIn = (html: string): string => /<img src="([^"]*)"/.exec(html)?.[1] ?? ""

/** The HTML of the mail that this address got. */
const htmlTo = async (inbox: MailInbox, to: string): Promise<string> => {
  const mail = await inbox.parsed(inbox.received.findIndex((received) => received.to === to))
  return String(mail.html)
}

test("what a run sends is tracked by the campaign file, and a server beside it hears who opened and clicked", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await trackedFolder(`${oneMail}goal: clicked\n${tracking}`)
  expect(await sendstate(folder.path, run(inbox))).toMatchObject({ code: 0 })
  const html = await htmlTo(inbox, "u2@x.test")
  expect(html).not.toContain("shop.test")
  const store = await openStore(sqlite(`${folder.path}/news.db`))
  try {
    const handler = trackingHandler({
      signingKeys: await store.signingKeys(),
      receive: async (feedback: Feedback) => {
        const answer = await store.control({ type: "feedback", feedback: [feedback] })
        if (answer.type === "failed") throw new Error(answer.message)
      },
    })
    expect((await handler(new Request(imageIn(html)))).headers.get("content-type")).toBe("image/gif")
    const response = await handler(new Request(linkIn(html)))
    expect([response.status, response.headers.get("location")]).toEqual([302, "https://shop.test/U2"])
  } finally {
    await store.close()
  }
  const told = await sendstate(folder.path, ["explain", "--lead", "u2@x.test", "--json"])
  expect(told.json()).toMatchObject({
    executions: [{ feedback: [{ type: "opened" }, { type: "clicked" }] }],
  })
  const other = await sendstate(folder.path, ["explain", "--lead", "u1@x.test", "--json"])
  expect(other.json()).toMatchObject({ executions: [{ feedback: [] }] })
  const report = await sendstate(folder.path, ["report", "news", "--json"])
  expect(report.json()).toMatchObject({ goal: "clicked", mailed: { leads: 2, events: { clicked: 1, opened: 1 } } })
}, 60_000)

test("a preview shows the tracked mail; a test mail leads where it says, and only what is asked for is tracked", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await trackedFolder(`${oneMail}tracking: { baseUrl: "${baseUrl}", opens: false }\n`)
  const preview = ["preview", "campaign.yaml", "--lead", "u1@x.test", "--html"]
  const planned = await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--dry-run"])
  expect(planned.stdout).toContain(`tracked   clicks, at ${baseUrl}\n`)
  const shown = await sendstate(folder.path, preview)
  expect(linkIn(shown.stdout)).toMatch(/^https:\/\/acme\.test\/t\/[\w.-]+$/)
  expect(imageIn(shown.stdout)).toBe("")
  await sendstate(folder.path, [...preview, "--to", "ann@acme.test", "--smtp", inbox.url()])
  expect(linkIn(await htmlTo(inbox, "ann@acme.test"))).toBe("https://shop.test/U1")
}, 60_000)

test("mails of another campaign in the same database are not tracked", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await trackedFolder(twoMails.replace("id: news", "id: plain"), 1)
  await folder.write("templates/nudge.html", shop)
  const db = ["--db", "all.db"]
  expect(await sendstate(folder.path, run(inbox, ...db, "--until-idle"))).toMatchObject({ code: 4 })
  await sendstate(folder.path, ["reschedule", "--campaign", "plain", "--to", "2026-01-01T00:00:00Z", "--yes", ...db])
  await folder.write("campaign.yaml", `${oneMail}triggers: [{ event: wants-more }]\n${tracking}`)
  const waiting = start(folder.path, run(inbox, ...db, "--wait"))
  await inbox.has(3)
  waiting.process.kill("SIGINT")
  await waiting.ended
  const mails = await Promise.all(inbox.received.map(async (_, index) => String((await inbox.parsed(index)).html)))
  expect(mails.map(linkIn).filter((link) => link.startsWith(baseUrl))).toHaveLength(1)
  expect(mails.map(linkIn).filter((link) => link === "https://shop.test/U1")).toHaveLength(2)
}, 60_000)

test.each([
  ['tracking: { baseUrl: "https://acme.test/t?x=1" }', /line 5, column 22, tracking\.baseUrl: .*without a query/],
  ["tracking: { opens: true }", /line 5, column 11, tracking\.baseUrl: /],
  ['tracking: { baseUrl: "https://acme.test/t", opens: sometimes }', /line 5, column 52, tracking\.opens: /],
  ['tracking: { baseUrl: "https://acme.test/t", signingKeys: [abc] }', /line 5, column 11, tracking: .*signingKeys/],
  ["tracking: yes please", /line 5, column 11, tracking: /],
])("tracking that cannot be is refused at its place: %s", async (line, said) => {
  await using folder = await trackedFolder(`${oneMail}${line}\n`)
  const refused = await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--dry-run"])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(said)
})
