import { expect, test } from "vitest"
import { campaignFolder, leadsCsv, twoMails } from "./campaign-folder.ts"
import { sendstate } from "./command.ts"

test("a campaign file is simulated: calendar, finish and counts, and nothing is sent or stored", async () => {
  await using folder = await campaignFolder(twoMails, leadsCsv(30))
  const shown = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv", "--temporary", "0.2"])
  expect(shown.code).toBe(0)
  expect(shown.stdout).toContain("simulated, nothing was sent")
  expect(shown.stdout).toMatch(/2026-01-05 {2}█+/)
  expect(shown.stdout).toMatch(/Finished 2026-01-06/)
  const json = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv", "--json", "--seed", "4"])
  expect(json.json()).toMatchObject({ campaign: "news", seed: 4, counts: { planned: 60, sent: 60 }, violations: [] })
  const wrong = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv", "--unknown", "7"])
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain("from 0 to 1")
})

test("limits of the campaign file hold, and a wrong one is refused at its place", async () => {
  const limited = `${twoMails}limit: 5 / hour\nlimits:\n  domains: { x.test: 10 / minute }\n`
  await using folder = await campaignFolder(limited, leadsCsv(20))
  const shown = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv", "--json"])
  const { calendar, counts } = shown.json() as {
    readonly calendar: ReadonlyArray<{ readonly sends: number }>
    readonly counts: object
  }
  expect(counts).toMatchObject({ sent: 40 })
  expect(Math.max(...calendar.map(({ sends }) => sends))).toBeLessThanOrEqual(5)
  await folder.write("campaign.yaml", limited.replace("10 / minute", "quickly"))
  const wrong = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv"])
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toMatch(/line 10, column \d+, limits\.domains\.x.*no rate/)
})

test("the transports of the campaign file are simulated too, each with its own outages", async () => {
  const file = `${twoMails}transports:\n  - { name: main }\n  - { name: spare, weight: 0, provider: postmark }\n`
  await using folder = await campaignFolder(file, leadsCsv(30))
  const simulated = ["simulate", "campaign.yaml", "leads.csv"]
  const down = await sendstate(folder.path, [...simulated, "--outage", "main=0s/2h", "--outage", "main=20h/8h"])
  expect(down.stdout).toMatch(/ {2}spare: 60 attempts: 60 accepted/)
  expect(down.stdout).toMatch(/ {2}main: \d+ attempts: 0 accepted/)
  const json = await sendstate(folder.path, [...simulated, "--json", "--outage", "0s/2h"])
  const { calendar, startedAt } = json.json() as {
    readonly calendar: ReadonlyArray<{ readonly at: number }>
    readonly startedAt: number
  }
  expect((calendar[0]?.at ?? 0) - startedAt).toBe(2 * 3_600_000)
  const wrong = await sendstate(folder.path, [...simulated, "--outage", "other=1h/2h"])
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain('lists no transport "other"; it lists main, spare')
})
