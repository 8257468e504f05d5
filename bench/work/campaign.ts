/**
 * One campaign from enroll to done in a process of its own: `campaign.ts COUNT sqlite|memory [scheduled]`.
 * Prints one JSON line. With `scheduled` nothing is due for a month: it shows what waiting costs.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { setTimeout as pause } from "node:timers/promises"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { bytes } from "./bytes-transport.ts"
import { leads, template } from "./unit.ts"

const [count = "10000", store = "sqlite", mode = "send"] = process.argv.slice(2)
const total = Number(count)
const folder = mkdtempSync(join(tmpdir(), "sendstate-bench-"))
const transport = bytes()

let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 50)

try {
  const runtime = await createRuntime({
    storage: store === "sqlite" ? sqlite(join(folder, "bench.db")) : memoryStorage(),
    transport,
    renderer: handlebars({ templates: { unit: template } }),
  })
  const campaign = await runtime.campaigns.create({
    id: "bench",
    from: "Bench <bench@example.test>",
    steps: [{ template: "unit", after: mode === "scheduled" ? "30 days" : 0 }],
  })
  if (mode !== "scheduled") await campaign.pause()
  const enrollStarted = performance.now()
  const { enrolled } = await campaign.enroll(leads(total))
  const enrollMs = performance.now() - enrollStarted
  await campaign.close()

  const cpuStarted = process.cpuUsage()
  const runStarted = performance.now()
  if (mode !== "scheduled") {
    await campaign.resume()
    await campaign.completed()
  }
  const runMs = performance.now() - runStarted
  const cpu = process.cpuUsage(cpuStarted)
  const counts = await campaign.stats()
  for (let round = 0; round < 3; round += 1) {
    // "last-resort" also gives emptied pages back, which a plain collection leaves for later.
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" })
    await pause(100)
  }
  const rest = process.memoryUsage.rss()
  await runtime.close()
  console.log(
    JSON.stringify({
      count: total,
      store,
      mode,
      enrolled,
      sent: counts.sent,
      bytes: transport.bytes(),
      enrollPerSecond: Math.round((total / enrollMs) * 1_000),
      ...(mode === "scheduled"
        ? {}
        : {
            runPerSecond: Math.round((total / runMs) * 1_000),
            cpuMicrosecondsEach: Math.round((cpu.user + cpu.system) / total),
          }),
      peakRssMb: Math.round(Math.max(peak, rest) / 1e6),
      restRssMb: Math.round(rest / 1e6),
    }),
  )
} finally {
  clearInterval(watch)
  rmSync(folder, { recursive: true, force: true })
}
