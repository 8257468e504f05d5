/**
 * The synchronous reads of the old interface with many executions loaded:
 * `node --conditions=sendstate-source bench/compat.ts [executions]`. Prints; asserts nothing.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { createCompat } from "sendstate/compat"
import { memory } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"

const count = Number(process.argv[2] ?? "100000")
const perLead = 10
const perCampaign = 100
const later = new Date("2090-01-01T00:00:00Z")

const timed = (name: string, body: () => unknown): void => {
  const times = Array.from({ length: 7 }, () => {
    const started = performance.now()
    body()
    return performance.now() - started
  }).sort((left, right) => left - right)
  console.log(`  ${name.padEnd(52)} median ${times[3]?.toFixed(2)} ms, worst ${times[6]?.toFixed(2)} ms`)
}

const once = (name: string, body: () => unknown): void => {
  const started = performance.now()
  const answer = body()
  console.log(`  ${name.padEnd(52)} ${(performance.now() - started).toFixed(2)} ms (${String(answer)})`)
}

const measure = async (name: string, folder: string): Promise<void> => {
  const storage = name === "memory" ? memory() : sqlite(join(folder, "bench.db"))
  const compat = createCompat({ storage })
  const { executionScheduler: scheduler, executionMonitor: monitor, executionStorage: all } = compat
  for (let index = 0; index < perCampaign; index += 1)
    await scheduler.scheduleEmailCampaign("autumn", `reader-${index}`, "hello", later)
  await scheduler.scheduleEmailCampaign("spring", "lead-0", "hello", later)
  const runtime = await compat.runtime()
  const spring = await runtime.campaigns.get("spring")
  for (let start = perCampaign + 1; start < count; start += 1_000)
    await spring.scheduleAll(
      Array.from({ length: Math.min(1_000, count - start) }, (_, index) => ({
        lead: { id: `lead-${Math.floor((start + index) / perLead)}`, email: "someone@example.test" },
        template: { latest: "hello" },
        at: later.getTime() + index,
      })),
    )
  console.log(`${name}: ${count} executions`)
  await compat.campaignOrchestrator.stop()
  const started = performance.now()
  await compat.runtime()
  console.log(
    `  ${"rebuilt from the storage, as at a restart".padEnd(52)} ${(performance.now() - started).toFixed(0)} ms`,
  )
  once("taking in what was scheduled", () => all.size())
  const ids = all.getByLead("lead-70").map(({ id }) => id)
  const id = ids[0] ?? ""
  timed("getExecutionStatus", () => monitor.getExecutionStatus(id))
  timed("getCampaignExecutions, all of them", () => monitor.getCampaignExecutions("spring"))
  timed("getLeadExecutions", () => monitor.getLeadExecutions("lead-70"))
  timed("getHealthStatus", () => monitor.getHealthStatus())
  timed("getExecutionReport", () => monitor.getExecutionReport())
  timed("getDueExecutions", () => scheduler.getDueExecutions())
  once("cancelExecution", () => scheduler.cancelExecution(id))
  once(`cancelExecutions of a lead with ${perLead}`, () => scheduler.cancelExecutions(undefined, "lead-420"))
  once(`cancelExecutions of a campaign with ${perCampaign}`, () => scheduler.cancelExecutions("autumn"))
  once("cancelExecutions of a campaign with all the rest", () => scheduler.cancelExecutions("spring"))
  await compat.close()
}

const folder = mkdtempSync(join(tmpdir(), "sendstate-bench-"))
try {
  for (const name of ["memory", "sqlite"]) await measure(name, folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
