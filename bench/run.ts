/**
 * `npm run bench [-- COUNT]`: what sendstate costs, beside a hand-written SQLite loop in the same run. Absolute figures
 * move with the machine; compare the ratios.
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const count = Number(process.argv[2] ?? "100000")

const measure = (script: string, ...args: ReadonlyArray<string>): Record<string, number> => {
  const path = fileURLToPath(new URL(`./work/${script}`, import.meta.url))
  const child = spawnSync(process.execPath, ["--expose-gc", "--conditions=sendstate-source", path, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  })
  if (child.status !== 0) throw new Error(`${script} ended with ${child.status}`)
  return JSON.parse(child.stdout.trim().split("\n").at(-1) ?? "{}")
}

const line = (name: string, text: string): void => console.log(`${name.padEnd(44)} ${text}`)
const ratio = (a = 0, b = 1): string => `${(a / b).toFixed(2)} x`

const loop = measure("reference-loop.ts", String(count))
line(`hand-written loop, ${count} mails`, `${loop.runPerSecond}/s`)

for (const store of ["sqlite", "memory"]) {
  const run = measure("campaign.ts", String(count), store)
  line(`${store}: enroll ${count} leads`, `${run.enrollPerSecond}/s`)
  line(
    `${store}: due to done, intent and receipt`,
    `${run.runPerSecond}/s, ${run.cpuMicrosecondsEach} us CPU each, ${ratio(run.runPerSecond, loop.runPerSecond)} the loop`,
  )
  line(`${store}: peak memory`, `${run.peakRssMb} MB`)
}

const small = measure("campaign.ts", String(count), "sqlite", "scheduled")
const large = measure("campaign.ts", String(count * 10), "sqlite", "scheduled")
line(`${count} scheduled for next month`, `${small.restRssMb} MB at rest`)
line(
  `${count * 10} scheduled for next month`,
  `${large.restRssMb} MB at rest, ${(large.restRssMb ?? 0) - (small.restRssMb ?? 0)} MB more; enrolled ${large.enrollPerSecond}/s`,
)
