import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parse } from "csv-parse/sync"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type CampaignFolder, campaignFolder, oneMail } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

let folder: CampaignFolder
let inbox: MailInbox

beforeAll(async () => {
  inbox = await MailInbox.start({
    recipient: (to) => (to.startsWith("gone") ? { code: 550, text: '=1+1 "5.1.1", no such \u202euser' } : undefined),
  })
  folder = await campaignFolder(oneMail, "email,firstName\nann@x.test,Ann\ngone@x.test,Bob\nzoe@bücher.test,Zoë\n")
  await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--yes", "--smtp", inbox.url()])
})

afterAll(async () => {
  await inbox[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const look = (...args: ReadonlyArray<string>) => sendstate(folder.path, args)

test("an export holds every execution, and CSV and NDJSON say the same", async () => {
  const toFile = await look("export", "--out", "all.csv")
  expect(toFile.code).toBe(0)
  const rows = parse(await readFile(join(folder.path, "all.csv"), "utf8"), { columns: true }) as ReadonlyArray<
    Record<string, string>
  >
  const lines = (await look("export", "--ndjson")).stdout.trimEnd().split("\n")
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(objects).toHaveLength(3)
  const flat = objects.map((object) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, value === null ? "" : String(value)])),
  )
  expect(rows).toEqual(flat)
  expect(objects.find(({ lead }) => lead === "zoe@xn--bcher-kva.test")).toMatchObject({
    campaign: "news",
    email: "zoe@xn--bcher-kva.test",
    step: 1,
    state: "sent",
    attempts: 1,
    delivery: "confirmed",
  })
  expect(objects.filter(({ state }) => state === "failed")).toHaveLength(1)
  // Addresses are nobody else's business.
  expect((await stat(join(folder.path, "all.csv"))).mode & 0o077).toBe(0)
})

test("list filters by state and error, explain tells the story, and nothing that a server says can steer the terminal", async () => {
  const list = await look("list", "--state", "failed")
  expect(list.stdout).toContain("gone@x.test")
  expect(list.stdout).not.toContain("ann@x.test")
  const { executions } = (await look("list", "--state", "failed", "--json")).json()
  const [failed] = executions as ReadonlyArray<{
    readonly execution: string
    readonly reason: string
    readonly reasonText: string
  }>
  const byError = (await look("list", "--error", failed?.reason ?? "", "--json")).json()
  expect(byError).toMatchObject({ count: 1, more: false })
  const explained = await look("explain", failed?.execution ?? "")
  expect(explained.stdout).toContain("failed after 1 attempt")
  expect(explained.stdout).toContain("rendered; intent stored")
  expect(failed?.reasonText).toContain("\u202e")
  expect(list.stdout + explained.stdout).not.toContain("\u202e")
  const byLead = await look("explain", "--lead", "ann@x.test", "--json")
  expect(byLead.json()).toMatchObject({ executions: [{ execution: { leadId: "ann@x.test" } }] })
})

test("verify finds a whole database in order, and a JSON file that was edited only after --accept", async () => {
  expect((await look("verify", "--json")).json()).toMatchObject({ ok: true, executions: 3, problems: [] })
  const db = ["--db", "store.json"]
  await look("run", "campaign.yaml", "leads.csv", "--yes", "--smtp", inbox.url(), ...db)
  const text = await readFile(join(folder.path, "store.json"), "utf8")
  await folder.write("store.json", text.replace('"Ann"', '"Anne"'))
  const edited = await look("verify", ...db)
  expect(edited.code).toBe(1)
  expect(edited.stderr).toContain("--accept")
  expect(await look("verify", "--accept", ...db)).toMatchObject({ code: 0 })
  expect((await look("verify", "--json", ...db)).json()).toMatchObject({ ok: true })
})

test("a preview shows one lead's mail, or sends it to somebody else under a Message-ID of its own", async () => {
  const spring = fileURLToPath(new URL("../../examples/spring/campaign.yaml", import.meta.url))
  const shown = await look("preview", spring, "--lead", "freya.fraser5@mail.test", "--step", "2")
  expect(shown.code).toBe(0)
  expect(shown.stdout).toContain("To: Freya Fraser <freya.fraser5@mail.test>")
  const before = inbox.received.length
  const args = ["preview", "campaign.yaml", "--lead", "ann@x.test", "--to", "me@y.test", "--smtp", inbox.url()]
  const first = await look(...args, "--json")
  expect(first.json()).toMatchObject({ sentTo: "me@y.test", subject: "Hello Ann", outcome: { type: "accepted" } })
  await look(...args)
  const [one, two] = await Promise.all([inbox.parsed(before), inbox.parsed(before + 1)])
  expect(inbox.received.slice(before).map(({ to }) => to)).toEqual(["me@y.test", "me@y.test"])
  expect(one.subject).toBe("Hello Ann")
  expect(one.messageId).not.toBe(two.messageId)
  const nobody = await look("preview", "campaign.yaml", "--lead", "nobody@x.test")
  expect(nobody.code).toBe(1)
  expect(nobody.stderr).toContain('There is no lead "nobody@x.test"')
})

test("help needs no library: it names every command, and each command its options", async () => {
  const help = await look("--help")
  for (const command of ["run", "demo", "status", "explain", "resolve", "export", "verify"])
    expect(help.stdout).toContain(`\n  ${command} `)
  const run = await look("run", "--help")
  expect(run.code).toBe(0)
  expect(run.stdout).toContain("Usage  sendstate run CAMPAIGN.yaml [LEADS.csv] [options]")
})
