import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const run = ["run", "campaign.yaml", "leads.csv", "--yes", "--json"]

const listing = (...transports: ReadonlyArray<string>): string =>
  `${oneMail}transports:\n${transports.map((line) => `  - { ${line} }\n`).join("")}`

const addresses = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `u${index + 1}@x.test`)

/** How many copies each address got from all of them together. */
const copiesOf = (...inboxes: ReadonlyArray<MailInbox>): Readonly<Record<string, number>> => {
  const copies: Record<string, number> = {}
  for (const { received } of inboxes) for (const { to } of received) copies[to] = (copies[to] ?? 0) + 1
  return copies
}

const once = (count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(addresses(count).map((address) => [address, 1]))

const shuttingDown = { code: 421, text: "4.3.2 shutting down" }

test("the file's transports share the mails by weight, a spare has none, and who is not there keeps nobody from starting", async () => {
  await using main = await MailInbox.start({ login: (user, password) => user === "ann" && password === "se:cret" })
  await using second = await MailInbox.start()
  await using spare = await MailInbox.start()
  const file = listing("name: main, weight: 3", `name: second, url: "${second.url()}"`, "name: spare, weight: 0")
  await using folder = await campaignFolder(file, leadsCsv(120))
  const variables = {
    SENDSTATE_SMTP_URL_MAIN: main.url({ user: "ann", password: "se%3Acret" }),
    SENDSTATE_SMTP_URL_SPARE: spare.url(),
  }
  const dry = await sendstate(folder.path, [...run, "--dry-run"], variables)
  expect(dry.stderr).toMatch(/through {3}main {4}smtp:\/\/127\.0\.0\.1:\d+, 75 % of the mails, 5 connections, /)
  expect(dry.stderr).toMatch(/\n {12}second {2}smtp:\/\/.*, 25 % of the mails, /)
  expect(dry.stderr).toMatch(/\n {12}spare {3}smtp:\/\/.*, only when the others are out, /)
  expect(dry.json()).toMatchObject({ dryRun: true, transports: [{ name: "main", weight: 3, check: "ready" }, {}, {}] })

  const sent = await sendstate(folder.path, run, variables)
  expect(sent.json()).toMatchObject({ state: "completed", sent: 120 })
  expect(copiesOf(main, second)).toEqual(once(120))
  expect(main.received.length).toBeGreaterThan(second.received.length)
  expect(second.received.length).toBeGreaterThan(0)
  const { executions } = (await sendstate(folder.path, ["list", "--json"])).json() as {
    readonly executions: ReadonlyArray<{ readonly via: string }>
  }
  expect(executions.filter(({ via }) => via === "second")).toHaveLength(second.received.length)

  await second[Symbol.asyncDispose]()
  await folder.write("leads.csv", leadsCsv(150))
  const without = await sendstate(folder.path, run, variables)
  expect(without.stderr).toContain("second cannot be used (connection-refused")
  expect(without.json()).toMatchObject({ sent: 150, transports: [{}, { name: "second", check: "unusable" }, {}] })
  expect(copiesOf(main, second)).toEqual(once(150))
  expect(without.code).toBe(0)
})

test("when a server goes down its mails go through the other one, each once; status names it", async () => {
  await using main = await MailInbox.start()
  await using backup = await MailInbox.start()
  main.behaviour.recipient = () => (main.received.length >= 5 ? shuttingDown : undefined)
  await using folder = await campaignFolder(listing("name: main", "name: backup, weight: 0"), leadsCsv(40))
  const smtp = ["--smtp", `main=${main.url()}?connections=1`, `--smtp=backup=${backup.url()}`]
  const ended = await sendstate(folder.path, [...run, ...smtp])
  expect(ended.json()).toMatchObject({ state: "completed", sent: 40, inDoubtTotal: 0 })
  expect(copiesOf(main, backup)).toEqual(once(40))
  expect(main.received).toHaveLength(5)
  const status = await sendstate(folder.path, ["status"])
  expect(status.stdout).toMatch(/^main {2}circuit open until .*shutting down/m)
  expect(status.stdout).not.toContain("backup")
})

test("what one server may have never goes through the other one, however long the first is down", async () => {
  await using main = await MailInbox.start()
  await using backup = await MailInbox.start()
  let isDown = false
  let doubtful = ""
  let asked = 0
  // It takes the first mail, says nothing, and is down from then on.
  main.behaviour.mail = (address) => {
    if (doubtful !== "") return undefined
    doubtful = address
    isDown = true
    return "hang up"
  }
  main.behaviour.recipient = (address) => {
    if (address === doubtful) asked += 1
    return isDown ? shuttingDown : undefined
  }
  const file = `${listing("name: main", "name: backup, weight: 0")}onUnknown: resend\n`
  await using folder = await campaignFolder(file, leadsCsv(20))
  const variables = {
    SENDSTATE_SMTP_URL_MAIN: `${main.url()}?connections=1`,
    SENDSTATE_SMTP_URL_BACKUP: backup.url(),
  }
  const running = start(folder.path, [...run, "--speed", "1000000"], variables)
  await backup.has(19)
  while (asked < 2 && backup.received.length < 20) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(backup.received.map(({ to }) => to)).not.toContain(doubtful)
  isDown = false
  const ended = await running.ended
  expect(ended.json()).toMatchObject({ sent: 20, inDoubtTotal: 1 })
  expect(copiesOf(main, backup)).toEqual({ ...once(20), [doubtful]: 2 })
  expect(backup.received.map(({ to }) => to)).not.toContain(doubtful)
  const story = await sendstate(folder.path, ["explain", "--lead", doubtful])
  expect(story.stdout.match(/the transport "main" may be called/g)?.length).toBeGreaterThanOrEqual(3)
  expect(story.stdout).not.toContain('"backup"')
})

test("two --smtp without names share the mails, and are told apart by where they are", async () => {
  await using one = await MailInbox.start()
  await using other = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(40))
  const ended = await sendstate(folder.path, [...run, "--smtp", one.url(), "--smtp", other.url()])
  const place = one.url().replace("smtp://", "")
  expect(ended.json()).toMatchObject({ sent: 40, transports: [{ name: place, weight: 1 }, {}] })
  expect(copiesOf(one, other)).toEqual(once(40))
  expect(Math.min(one.received.length, other.received.length)).toBeGreaterThan(0)
})

test("a test mail goes through the first transport that takes the sender, or the one that is named", async () => {
  await using first = await MailInbox.start()
  await using second = await MailInbox.start()
  const file = listing("name: first, senders: [other.test]", `name: second, url: "${second.url()}"`)
  await using folder = await campaignFolder(file, leadsCsv(1))
  const preview = ["preview", "campaign.yaml", "--lead", "u1@x.test", "--to", "me@x.test"]
  expect((await sendstate(folder.path, preview)).code).toBe(0)
  expect((await sendstate(folder.path, [...preview, "--smtp", first.url()])).code).toBe(0)
  expect([first.received.length, second.received.length]).toEqual([1, 1])
})

test("a list that makes no sense is refused at its place, and no password is taken from a file", async () => {
  await using folder = await campaignFolder(oneMail, leadsCsv(1))
  const refusals: ReadonlyArray<readonly [campaign: string, more: ReadonlyArray<string>, says: RegExp]> = [
    [
      listing('name: main, url: "smtp://ann:secret@127.0.0.1:9"'),
      [],
      /line 6, column \d+, transports\.0\.url: holds a user or password.*set SENDSTATE_SMTP_URL_MAIN/,
    ],
    [listing("name: a-b", "name: a_b"), [], /line 7, column \d+, transports\.1\.name: .*A_B, as "a-b" is/],
    [listing("name: main, weigth: 2"), [], /line 6.*weigth/],
    [listing("name: main, senders: [other.test]"), [], /line 5.*none of the transports takes mails from acme\.test/],
    [
      listing("name: main", "name: spare"),
      [],
      /Set SENDSTATE_SMTP_URL_MAIN to the URL of main .*, SENDSTATE_SMTP_URL_SPARE to the URL of spare/,
    ],
    [listing("name: main"), ["--smtp", "smtp://127.0.0.1:9"], /lists the transports main: .*--smtp main=URL/],
    [listing("name: main"), ["--smtp", "nobody=smtp://127.0.0.1:9"], /lists the transports main/],
    [oneMail, ["--smtp", "smtp://127.0.0.1:9", "--smtp", "smtp://ann:secret@127.0.0.1:9"], /called "127\.0\.0\.1:9"/],
    [
      oneMail,
      ["--smtp", "a=smtp://127.0.0.1:9?nope=1", "--smtp", "b=smtp://127.0.0.1:8"],
      /The server "a": .*parameter/,
    ],
    [
      oneMail,
      ["--smtp", "a=smtp://127.0.0.1:9", "--smtp", "b=smtp://127.0.0.1:8"],
      /a \(smtp:\/\/127\.0\.0\.1:9\) cannot be used.* b \(.*This run sent nothing/,
    ],
  ]
  for (const [campaign, more, says] of refusals) {
    await folder.write("campaign.yaml", campaign)
    const ended = await sendstate(folder.path, [...run, ...more])
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(says)
    expect(ended.stdout + ended.stderr).not.toContain("secret")
  }
})
