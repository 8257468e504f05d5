import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail, twoMails } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

interface Listed {
  readonly execution: string
  readonly lead: string
}

const listed = async (folder: string, ...args: ReadonlyArray<string>): Promise<ReadonlyArray<Listed>> =>
  (await sendstate(folder, ["list", "--json", ...args])).json().executions as ReadonlyArray<Listed>

test("beside a running owner one looks, cancels one mail, pauses and resumes; the owner answers, and keeps to it", async () => {
  await using inbox = await MailInbox.start({ delayMs: 150 })
  await using folder = await campaignFolder(oneMail, leadsCsv(150))
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", `${inbox.url()}?connections=2`]
  const running = start(folder.path, run)
  await inbox.has(3)

  const second = await sendstate(folder.path, run)
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`owned by the running process ${running.process.pid}`)

  const status = await sendstate(folder.path, ["status", "--json"])
  expect(status.json()).toMatchObject({ campaigns: [{ campaign: "news", state: "running", planned: 150 }] })

  const [last] = (await listed(folder.path, "--state", "scheduled")).slice(-1)
  const cancelled = await sendstate(folder.path, ["cancel", last?.execution ?? "", "--json"])
  expect(cancelled.json()).toMatchObject({ changed: 1, answers: { cancelled: 1 } })
  expect(cancelled.code).toBe(0)

  // A pause ends the run: nothing can happen any more without a person.
  const paused = await sendstate(folder.path, ["pause", "--json"])
  expect(paused.json()).toMatchObject({ campaign: "news", accepted: true, state: "paused" })
  const ended = await running.ended
  expect(ended.code).toBe(4)
  expect(ended.json()).toMatchObject({ state: "paused", cancelled: 1, inDoubt: 0, sent: inbox.received.length })
  expect(ended.stderr).toContain("sendstate resume")

  inbox.behaviour.delayMs = 0
  const still = await sendstate(folder.path, run)
  expect(still.code).toBe(4)
  expect(still.json()).toMatchObject({ state: "paused", sent: inbox.received.length })

  const resumed = await sendstate(folder.path, ["resume", "news", "--json"])
  expect(resumed.json()).toMatchObject({ accepted: true, state: "running" })
  const finished = await sendstate(folder.path, run)
  expect(finished.code).toBe(0)
  expect(finished.json()).toMatchObject({ state: "completed", sent: 149, cancelled: 1 })
  expect(inbox.received).toHaveLength(149)
  expect(inbox.copies().has(last?.lead ?? "")).toBe(false)
})

test("failed mails are run again, many only after a preview with --yes, and only failed ones", async () => {
  let knows = false
  await using inbox = await MailInbox.start({
    recipient: (to) => (knows || to === "u1@x.test" ? undefined : { code: 550, text: "5.1.1 no such user" }),
  })
  await using folder = await campaignFolder(oneMail, leadsCsv(4))
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()]
  await sendstate(folder.path, run)
  knows = true

  const asks = await sendstate(folder.path, ["retry", "--error", "5.1.1"])
  expect(asks.code).toBe(1)
  expect(asks.stdout).toContain("u4@x.test")
  expect(asks.stderr).toContain("Run 3 executions again? There is no terminal to ask: add --yes.")
  const [sent] = await listed(folder.path, "--state", "sent")
  const vain = await sendstate(folder.path, ["retry", sent?.execution ?? "", "--json"])
  expect(vain).toMatchObject({ code: 2 })
  expect(vain.json()).toMatchObject({ changed: 0, executions: [], unfit: [sent?.execution] })

  const retried = await sendstate(folder.path, ["retry", "--error", "5.1.1", "--yes", "--json"])
  expect(retried.json()).toMatchObject({ changed: 3, answers: { applied: 3 } })
  const again = await sendstate(folder.path, run)
  expect(again.code).toBe(0)
  expect(again.json()).toMatchObject({ state: "completed", sent: 4, failed: 0 })
  expect([...inbox.copies().values()]).toEqual([1, 1, 1, 1])
})

test("a cancelled campaign stays cancelled: 4, and nothing is sent", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(3))
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()]
  await sendstate(folder.path, [...run, "--until-idle"])
  const asks = await sendstate(folder.path, ["cancel", "--campaign", "news"])
  expect(asks.stderr).toContain("Cancel the campaign news for good, with 3 mails that have not ended?")
  const cancelled = await sendstate(folder.path, ["cancel", "--campaign", "news", "--yes", "--json"])
  expect(cancelled.json()).toMatchObject({ accepted: true, state: "cancelled" })
  const again = await sendstate(folder.path, run)
  expect(again.code).toBe(4)
  expect(again.json()).toMatchObject({ state: "cancelled", sent: 3, cancelled: 3, scheduled: 0 })
  expect(inbox.received).toHaveLength(3)
})

test("what waits is moved beside the running owner, after a preview, and what was sent stays", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(twoMails, leadsCsv(3))
  const running = start(folder.path, ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()])
  await inbox.has(3)
  const change = ["reschedule", "--campaign", "news"]
  const asks = await sendstate(folder.path, [...change, "--by", "2 days"])
  expect(asks).toMatchObject({ code: 1 })
  expect(asks.stderr).toContain("by 2 days? There is no terminal to ask: add --yes.")
  const wrong = async (...args: ReadonlyArray<string>) => (await sendstate(folder.path, [...change, ...args])).code
  expect(await wrong()).toBe(1)
  expect(await wrong("--to", "soon")).toBe(1)
  expect(await wrong("--to", "2026-11-31T09:00", "--yes")).toBe(1)
  expect(await wrong("--by", "soon")).toBe(1)
  expect(await wrong("--by", "1d", "--state", "sent")).toBe(1)

  while ((await listed(folder.path, "--state", "scheduled")).length < 3) await new Promise(setImmediate)
  const times = async () =>
    (await listed(folder.path, "--state", "scheduled")).map(
      (row) => (row as unknown as { scheduledFor: string }).scheduledFor,
    )
  const before = await times()
  const moved = await sendstate(folder.path, [...change, "--by", "2 days", "--yes", "--json"])
  expect(moved.json()).toMatchObject({ changed: 3, answers: { applied: 3 }, unfit: [], left: [] })
  expect(await times()).toEqual(before.map((at) => new Date(Date.parse(at) + 2 * 86_400_000).toISOString()))
  const now = await sendstate(folder.path, [...change, "--to", "2020-01-01T00:00:00Z", "--yes", "--json"])
  expect(now.json()).toMatchObject({ changed: 3 })
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(ended.json()).toMatchObject({ state: "completed", sent: 6 })
})

test("resend sends what was not sent, what may have been only with --in-doubt, and never what was", async () => {
  let isWell = false
  await using inbox = await MailInbox.start({
    recipient: (to) => (isWell || to !== "u2@x.test" ? undefined : { code: 550, text: "5.1.1 no such user" }),
    mail: (to) => (isWell || to !== "u3@x.test" ? undefined : "hang up"),
  })
  await using folder = await campaignFolder(oneMail, leadsCsv(3))
  const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()]
  expect((await sendstate(folder.path, run)).json()).toMatchObject({ sent: 1, failed: 1, inDoubt: 1 })
  isWell = true

  const [sent] = await listed(folder.path, "--state", "sent")
  const [doubt] = await listed(folder.path, "--state", "in-doubt")
  for (const named of [sent, doubt]) {
    const vain = await sendstate(folder.path, ["resend", named?.execution ?? "", "--json"])
    expect(vain).toMatchObject({ code: 2 })
    expect(vain.json()).toMatchObject({ changed: 0, unfit: [named?.execution] })
  }
  const careful = await sendstate(folder.path, ["resend", "--campaign", "news", "--yes", "--json"])
  expect(careful.json()).toMatchObject({ changed: 1, answers: { applied: 1 }, left: [doubt?.execution] })
  expect(careful.stderr).toContain("1 execution may have been delivered: left alone. --in-doubt sends them too.")
  const bold = await sendstate(folder.path, ["resend", "--state", "in-doubt", "--in-doubt", "--yes", "--json"])
  expect(bold.json()).toMatchObject({ changed: 1, answers: { applied: 1 } })
  const again = await sendstate(folder.path, run)
  expect(again.code).toBe(0)
  expect(again.json()).toMatchObject({ state: "completed", sent: 3, resent: 1 })
  expect(inbox.copies().get("u1@x.test")).toBe(1)
})
