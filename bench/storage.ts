/**
 * What the storages cost: `node --expose-gc --conditions=sendstate-source bench/storage.ts [rows]`.
 * Prints rows enrolled a second, claim-intent-receipt cycles a second in batches of 256, and resident memory with
 * 100,000 and with 1,000,000 scheduled rows (each in a process of its own).
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"
import type { Commit, EnrollItem, ExecutionContext, ExecutionRow, StorageDriver } from "sendstate/sdk"
import { idOf } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"

const batchSize = 256
const retry = { attempts: 5, baseMs: 300_000, factor: 2, capMs: 14_400_000, jitter: 0.2, deadlineMs: null }
const template = "0123456789abcdef0123456789abcdef"

const contextOf = (id: string): ExecutionContext => ({
  machine: 1,
  id,
  retry,
  timeScale: 1,
  dueAt: 1_000,
  attempt: 0,
  used: 0,
  firstAttemptAt: null,
  renderedAt: null,
  unknownAttempts: [],
  safeResend: false,
  doubts: 0,
  resent: 0,
  cancelRequested: false,
  outcome: null,
  delivery: null,
  reason: null,
})

const itemOf = (index: number): EnrollItem => {
  const leadId = `person-${(index * 2_654_435_761) % 4_294_967_296}@example.test`
  const enrollmentId = idOf("spring", leadId, "1")
  const id = idOf("spring", leadId, "1", 0)
  return {
    lead: { id: leadId, email: leadId, name: "Ann Example", data: { city: "Paris", plan: "free" } },
    enrollment: {
      id: enrollmentId,
      campaignId: "spring",
      leadId,
      entry: "1",
      definition: template,
      status: "active",
      createdAt: 0,
    },
    execution: {
      id,
      campaignId: "spring",
      enrollmentId,
      leadId,
      step: 0,
      template,
      definition: template,
      context: contextOf(id),
      scheduledFor: 1_000,
      createdAt: 0,
    },
  }
}

const intentOf = (row: ExecutionRow): Commit => ({
  id: row.id,
  token: row.token,
  version: row.version,
  state: "sending.attempting",
  context: { ...row.context, attempt: 1, used: 1, firstAttemptAt: 2_000, renderedAt: 2_000, dueAt: null },
  dueAt: null,
  intent: { attempt: 1, at: 2_000 },
  events: [
    { type: "DUE", at: 2_000 },
    { type: "RENDERED", at: 2_000 },
  ],
  appliedFlags: 0,
  receipt: false,
  leaseUntil: 60_000,
  requires: { suppressionKeys: [`lead:${row.leadId}`] },
})

const receiptOf = (commit: Commit, version: number): Commit => ({
  id: commit.id,
  token: commit.token,
  version,
  state: "done",
  context: { ...commit.context, outcome: "sent", delivery: "confirmed" },
  dueAt: null,
  intent: null,
  events: [{ type: "ACCEPTED", at: 2_100, providerId: "abc", response: "250 2.0.0 queued as 1234" }],
  appliedFlags: 0,
  receipt: true,
  leaseUntil: null,
  enrollment: "finished",
})

const enroll = async (driver: StorageDriver, rows: number): Promise<number> => {
  let ms = 0
  for (let done = 0; done < rows; done += 1_000) {
    const items = Array.from({ length: Math.min(1_000, rows - done) }, (_, index) => itemOf(done + index))
    const started = performance.now()
    await driver.enroll(items)
    ms += performance.now() - started
  }
  return (rows / ms) * 1_000
}

const send = async (driver: StorageDriver): Promise<number> => {
  let cycles = 0
  const started = performance.now()
  for (;;) {
    const rows = await driver.claimDue({ owner: "bench", limit: batchSize, leaseMs: 30_000, now: 2_000 })
    if (rows.length === 0) break
    const intents = rows.map(intentOf)
    const begun = await driver.commit(intents, 2_000)
    const receipts = intents.map((intent, index) => {
      const result = begun[index]
      if (result?.type !== "ok") throw new Error(`an intent was answered ${result?.type}`)
      return receiptOf(intent, result.version)
    })
    for (const result of await driver.commit(receipts, 2_100))
      if (result.type !== "ok") throw new Error(`a receipt was answered ${result.type}`)
    cycles += rows.length
  }
  return (cycles / (performance.now() - started)) * 1_000
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`

const open = async (name: string, folder: string): Promise<StorageDriver> => {
  const storage = name === "memory" ? memory() : sqlite(join(folder, "bench.db"))
  const driver = await storage.open({ mode: "own", now: () => 2_000 })
  await driver.writeDocuments([{ kind: "campaign", key: "spring", value: { state: "running" } }])
  return driver
}

const inFolder = async (body: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "sendstate-bench-"))
  try {
    await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const rates = (name: string, rows: number): Promise<void> =>
  inFolder(async (folder) => {
    const driver = await open(name, folder)
    const enrolled = await enroll(driver, rows)
    const cycles = await send(driver)
    const counts = await driver.counts("spring")
    if (counts.sent !== rows) throw new Error(`only ${counts.sent} of ${rows} were sent`)
    await driver.close()
    console.log(`${name}: ${Math.round(enrolled)} enrolled/s, ${Math.round(cycles)} cycles/s (${rows} rows)`)
  })

const resident = (name: string, rows: number): Promise<void> =>
  inFolder(async (folder) => {
    const driver = await open(name, folder)
    const rate = await enroll(driver, rows)
    globalThis.gc?.()
    const size = name === "memory" ? "" : `, file ${megabytes(statSync(join(folder, "bench.db")).size)}`
    console.log(
      `${name}: ${rows} scheduled: resident ${megabytes(process.memoryUsage().rss)}, ${Math.round(rate)} enrolled/s${size}`,
    )
    await driver.close()
  })

const [what, name = "sqlite", count = "100000"] = process.argv.slice(2)
if (what === "rates") await rates(name, Number(count))
else if (what === "resident") await resident(name, Number(count))
else {
  const self = fileURLToPath(import.meta.url)
  const runs = [
    ["rates", "memory", "100000"],
    ["rates", "sqlite", "100000"],
    ["resident", "memory", "100000"],
    ["resident", "sqlite", "100000"],
    ["resident", "sqlite", "1000000"],
  ]
  for (const run of runs)
    spawnSync(process.execPath, ["--expose-gc", "--conditions=sendstate-source", self, ...run], { stdio: "inherit" })
}
