/**
 * A simulated year of a journey of five mails, with all that campaigns have at once: `node --conditions=sendstate-source
 * bench/year.ts [leads]`. Checks every send from the outside, prints the calendar, and ends with 1 when a rule was broken.
 */
import { performance } from "node:perf_hooks"
import { brokenRules, simulateYear } from "./work/year.ts"

const count = Number(process.argv[2] ?? "10000")
const started = performance.now()
const year = await simulateYear(count, 1)
const seconds = (performance.now() - started) / 1_000

const months = new Map<string, number>()
for (const { at, sends } of year.calendar) {
  const month = new Date(at).toISOString().slice(0, 7)
  months.set(month, (months.get(month) ?? 0) + sends)
}
const most = Math.max(...months.values())
for (const [month, sends] of months)
  console.log(`${month} ${String(sends).padStart(7)} ${"#".repeat(Math.ceil((sends / most) * 60))}`)

const { sent, failed, skipped, cancelled, suppressed, enrollments } = year.counts
console.log(
  `${count} leads: ${sent} sent, ${failed} failed, ${skipped} skipped, ${cancelled} cancelled, ${suppressed} suppressed; ` +
    `${enrollments.finished} enrollments finished, ${enrollments.ended} ended, ${enrollments.active} go on`,
)
const broken = brokenRules(year)
for (const rule of broken.slice(0, 20)) console.log(rule)
console.log(
  `${year.sends.length} sends checked in ${seconds.toFixed(1)} s: ${broken.length} outside a window, over a limit, or after an exit; ${year.violations.length} violations`,
)
process.exitCode = broken.length + year.violations.length === 0 ? 0 : 1
