import { expect, test } from "vitest"
import { brokenRules, simulateYear } from "../../bench/work/year.ts"

test("in a year of windows, zones, limits, outages, kills, replies and bounces no send breaks a rule", async () => {
  const year = await simulateYear(120, 7)
  expect(brokenRules(year)).toEqual([])
  expect(year.violations).toEqual([])
  expect(year.counts.sent).toBeGreaterThan(400)
  expect(year.counts.enrollments.active).toBe(0)
  expect(year.signals.filter(({ event }) => event === "replied").length).toBeGreaterThan(0)
  expect(year.sends.at(-1)?.startedAt).toBeGreaterThan(year.startedAt + 270 * 86_400_000)
})

test("the rules of the year are looked at from the outside: a send that breaks one is found", async () => {
  const year = await simulateYear(6, 7)
  const [send] = year.sends
  if (send === undefined) throw new Error("nothing was sent")
  const night = { ...send, startedAt: send.startedAt - 8 * 3_600_000 }
  expect(brokenRules({ ...year, sends: [...year.sends, night] })).toHaveLength(1)
  const crowd = Array.from({ length: 5 }, () => send)
  expect(brokenRules({ ...year, sends: crowd }).length).toBeGreaterThan(1)
  const exit = { by: send.to, event: "replied", at: send.startedAt - 1 }
  expect(brokenRules({ ...year, signals: [exit], sends: [send] })).toHaveLength(1)
})
