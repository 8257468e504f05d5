import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const comingAgain = `${oneMail}reentry: always\nonUnknown: assumeSent\n`
const run = (inbox: MailInbox, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["run", "campaign.yaml", "leads.csv", "--smtp", inbox.url(), "--yes", "--json"],
  ...more,
]
const mostCopies = (inbox: MailInbox): number => Math.max(...inbox.copies().values())

test("leads that may come again are mailed again by --again only; a second run says that they were enrolled before", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(comingAgain, leadsCsv(2))
  expect((await sendstate(folder.path, run(inbox))).json()).toMatchObject({ enrolled: 2, enrolledBefore: 0, sent: 2 })
  const second = await sendstate(folder.path, run(inbox))
  expect(second.json()).toMatchObject({ enrolled: 0, enrolledBefore: 2, sent: 2 })
  expect(second.stderr).toContain("2 leads of leads.csv were enrolled before: not again; --again lets them come again.")
  expect(inbox.received).toHaveLength(2)

  const again = await sendstate(folder.path, run(inbox, "--again"))
  expect(again.json()).toMatchObject({ enrolled: 2, sent: 4 })
  expect(again.stderr).toContain("4 enrollments: 4 went through all mails")
  // That one is over: this is another one.
  expect((await sendstate(folder.path, run(inbox, "--again"))).json()).toMatchObject({ enrolled: 2, sent: 6 })
}, 60_000)

test("a campaign that lets nobody come again refuses --again", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(2))
  const refused = await sendstate(folder.path, run(inbox, "--again"))
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain("reentry: always")
})

test.each([
  ["a run", [], 1],
  ["a run with --again", ["--again"], 2],
] as const)(
  "%s that is killed and repeated goes on: nobody comes a second time",
  async (_name, more, entries) => {
    const leads = 24
    await using inbox = await MailInbox.start()
    await using folder = await campaignFolder(comingAgain, leadsCsv(leads))
    for (let entry = 1; entry < entries; entry += 1) await sendstate(folder.path, run(inbox))
    const before = inbox.received.length
    inbox.behaviour.delayMs = 100
    const killed = start(folder.path, run(inbox, ...more))
    await inbox.has(before + 8)
    killed.process.kill("SIGKILL")
    await killed.ended
    inbox.behaviour.delayMs = 0
    const repeated = await sendstate(folder.path, run(inbox, ...more))
    expect(repeated.json()).toMatchObject({ planned: leads * entries })
    expect(Number(repeated.json().sent)).toBeGreaterThanOrEqual(leads * entries - 5)
    expect(mostCopies(inbox)).toBe(entries)
  },
  60_000,
)
