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

test("limits of listed transports hold, and one of a transport that is not listed is refused at its place", async () => {
  const limits = "limits:\n  transports: { main: 10 / hour }\n"
  const file = `${twoMails}${limits}transports:\n  - { name: main }\n  - { name: spare, weight: 0 }\n`
  await using folder = await campaignFolder(file, leadsCsv(30))
  const json = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv", "--json"])
  const { calendar } = json.json() as { readonly calendar: ReadonlyArray<{ readonly sends: number }> }
  expect(Math.max(...calendar.map(({ sends }) => sends))).toBe(10)
  expect(json.json()).toMatchObject({
    counts: { sent: 60 },
    transports: [{ name: "main" }, { attempts: { accepted: 0 } }],
  })
  await folder.write("campaign.yaml", file.replace("main: 10", "mian: 10"))
  const wrong = await sendstate(folder.path, ["run", "campaign.yaml", "leads.csv", "--dry-run"])
  expect(wrong.stderr).toMatch(/line 9, column \d+, limits\.transports\.mian: .* write main, spare, or "\*"/)
  await folder.write("campaign.yaml", `${twoMails}${limits}`)
  const unlisted = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv"])
  expect(unlisted.stderr).toContain('there is no transport "main"; write "*" for each')
})

test("what recipients do is simulated: what comes back is told by event, and who leaves gets no further mail", async () => {
  await using folder = await campaignFolder(twoMails, leadsCsv(40))
  const simulated = ["simulate", "campaign.yaml", "leads.csv"]
  const all = await sendstate(folder.path, [...simulated, "--signal", "opened=1", "--signal", "clicked=1@5h", "--json"])
  expect(all.json()).toMatchObject({ events: { opened: 40, clicked: 40 }, counts: { sent: 80 }, violations: [] })
  const late = await sendstate(folder.path, [...simulated, "--signal", "opened=0.5@23h", "--signal", "clicked=1@2d"])
  expect(late.stdout).toMatch(/Recipients, while it ran: \d+ opened\.\n/)
  const left = await sendstate(folder.path, [...simulated, "--unsubscribe", "1@3h", "--json"])
  expect(left.json()).toMatchObject({ events: { unsubscribed: 40 }, counts: { sent: 40, suppressed: 40 } })
  const bounced = await sendstate(folder.path, [...simulated, "--bounce", "1@1m", "--json"])
  expect(bounced.json()).toMatchObject({ events: { bounced: 40 }, counts: { sent: 40, suppressed: 40 } })
  const soft = await sendstate(folder.path, [...simulated, "--bounce", "soft=1@1m"])
  expect(soft.stdout).toContain("Recipients, while it ran: 40 bounced.")
  expect(soft.stdout).toMatch(/sent +80 /)
})

test("a simulated kill leaves what was being sent in doubt, and the process comes back after its downtime", async () => {
  await using folder = await campaignFolder(twoMails, leadsCsv(40))
  const simulated = ["simulate", "campaign.yaml", "leads.csv", "--rate", "100"]
  const killed = await sendstate(folder.path, [...simulated, "--kill", "300 ms", "--kill", "1 day", "--downtime", "6h"])
  expect(killed.stdout).toContain("Killed and started again: 2 times.")
  expect(killed.stdout).toMatch(/It does not finish: \d+ mails? in doubt would wait for somebody to resolve/)
  const json = await sendstate(folder.path, [...simulated, "--kill", "300 ms", "--downtime", "6h", "--json"])
  const { counts, calendar, startedAt, ...rest } = json.json() as {
    readonly counts: { readonly inDoubt: number; readonly sent: number; readonly cancelled: number }
    readonly calendar: ReadonlyArray<{ readonly at: number }>
    readonly startedAt: number
  }
  expect(rest).toMatchObject({ kills: 1, events: {}, violations: [] })
  expect(counts.inDoubt).toBeGreaterThan(0)
  expect(calendar.slice(0, 2).map(({ at }) => (at - startedAt) / 3_600_000)).toEqual([0, 6])
})

test.each([
  [["--signal", "clicked"], 'EVENT=SHARE[@AFTER], like clicked=0.1 or clicked=0.1@2h, not "clicked"'],
  [["--signal", "clicked=7"], "a number from 0 to 1"],
  [["--signal", "clicked=0.1@soon"], '"soon" is no duration'],
  [["--signal", "a b=0.1"], "letters, digits"],
  [["--signal", "bounced=0.1"], "--bounce"],
  [["--signal", "unsubscribed=0.1"], "--unsubscribe"],
  [["--bounce", "medium=0.1"], "a bounce is hard or soft"],
  [["--unsubscribe", "news=0.1"], "--unsubscribe is SHARE[@AFTER]"],
  [["--kill", "later"], "--kill is a duration, for example 36h"],
  [["--downtime", "3"], "--downtime is a duration, for example 36h"],
])("what nobody can simulate is refused with how to write it: %j", async (options, said) => {
  await using folder = await campaignFolder(twoMails, leadsCsv(1))
  const wrong = await sendstate(folder.path, ["simulate", "campaign.yaml", "leads.csv", ...options])
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toContain(said)
})
