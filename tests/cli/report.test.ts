import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, oneMail } from "./campaign-folder.ts"
import { sendstate, start } from "./command.ts"
import { MailInbox } from "./mail-inbox.ts"

const compared = [
  "id: news",
  "from: Ann <ann@acme.test>",
  "holdout: 0.5",
  "goal: bought",
  "steps:",
  "  - variants: { long: hello, short: nudge }",
  "  - template: nudge",
  "    after: 1 day",
  "",
].join("\n")

/** Which of the two mails each address got. */
const mailsOf = (inbox: MailInbox): ReadonlyMap<string, "long" | "short"> =>
  new Map(inbox.received.map(({ to, raw }) => [to, raw.includes("Still there") ? "short" : "long"]))

test("variants and the leads held out are compared on the command line, beside the process that sends", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(compared, leadsCsv(12))
  const run = start(folder.path, ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()])
  const report = async () =>
    (await sendstate(folder.path, ["report", "--json"])).json() as Partial<
      Record<"mailed" | "heldOut", { leads: number }>
    >
  const leads = async (): Promise<number> => {
    const { mailed, heldOut } = await report()
    return (mailed?.leads ?? 0) + (heldOut?.leads ?? 0)
  }
  await expect.poll(leads, { timeout: 30_000 }).toBe(12)
  await inbox.has((await report()).mailed?.leads ?? 0)
  const mails = mailsOf(inbox)
  const [buyer = ""] = [...mails].find(([, mail]) => mail === "short") ?? []
  const heldOut = Array.from({ length: 12 }, (_, index) => `u${index + 1}@x.test`).find((one) => !mails.has(one)) ?? ""
  for (const [lead, event] of [
    [buyer, "bought"],
    [buyer, "clicked"],
    [heldOut, "clicked"],
  ] as const)
    expect((await sendstate(folder.path, ["signal", lead, event])).code).toBe(0)

  const count = (mail: string): number => [...mails.values()].filter((one) => one === mail).length
  const short = { step: 1, name: "short", template: "nudge", planned: count("short"), sent: count("short"), notSent: 0 }
  const long = { step: 1, name: "long", template: "hello", planned: count("long"), sent: count("long"), notSent: 0 }
  // The inbox has a mail before its receipt is stored.
  await expect.poll(report, { timeout: 30_000 }).toEqual({
    campaign: "news",
    goal: "bought",
    variants: [
      { ...long, events: {} },
      { ...short, events: { bought: 1, clicked: 1 } },
    ],
    mailed: { leads: mails.size, events: { bought: 1, clicked: 1 } },
    heldOut: { leads: 12 - mails.size, events: { clicked: 1 } },
  })
  const table = await sendstate(folder.path, ["report", "news"])
  expect(table).toMatchObject({ code: 0, stderr: "" })
  const share = (all: number): string => `1 (${(100 / all).toFixed(1)}%)`
  const lines = table.stdout.split("\n").map((line) => line.trim().split(/ {2,}/))
  expect(lines).toEqual([
    ["news"],
    ["mail", "variant", "template", "planned", "sent", "not sent", "bought (goal)", "clicked"],
    ["1", "long", "hello", `${long.planned}`, `${long.sent}`, "0", "0 (0.0%)", "0 (0.0%)"],
    ["1", "short", "nudge", `${short.planned}`, `${short.sent}`, "0", share(short.sent), share(short.sent)],
    [""],
    ["leads", "bought (goal)", "clicked"],
    ["mailed", `${mails.size}`, share(mails.size), share(mails.size)],
    ["held out", `${12 - mails.size}`, "0 (0.0%)", share(12 - mails.size)],
    [""],
  ])
  run.process.kill("SIGINT")
  expect(await run.ended).toMatchObject({ code: 130 })
}, 90_000)

test("a campaign without variants has its leads only; one that is not there is named", async () => {
  await using inbox = await MailInbox.start()
  await using folder = await campaignFolder(oneMail, leadsCsv(2))
  await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--yes", "--json", "--smtp", inbox.url()])
  expect((await sendstate(folder.path, ["report"])).stdout).toBe(
    ["news", "  leads     ", "  mailed    2", "  held out  0", ""].map((line) => line.trimEnd()).join("\n"),
  )
  const refused = await sendstate(folder.path, ["report", "nws"])
  expect(refused).toMatchObject({ code: 1, stdout: "" })
  expect(refused.stderr).toContain('No campaign "nws": there is news.')
}, 60_000)
