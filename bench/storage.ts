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
import { DatabaseSync } from "node:sqlite"
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
    const cpu = process.cpuUsage()
    const cycles = await send(driver)
    const { user, system } = process.cpuUsage(cpu)
    const counts = await driver.counts("spring")
    if (counts.sent !== rows) throw new Error(`only ${counts.sent} of ${rows} were sent`)
    await driver.close()
    console.log(
      `${name}: ${Math.round(enrolled)} enrolled/s, ${Math.round(cycles)} cycles/s, ${((user + system) / rows).toFixed(1)} µs of CPU a cycle (${rows} rows)`,
    )
  })

/**
 * What the same disk and the same SQLite do with as little as one could store: an execution row by id and an event row
 * for each enrollment, two updates and two event rows for each send.
 */
const bare = (rows: number): Promise<void> =>
  inFolder(async (folder) => {
    const db = new DatabaseSync(join(folder, "bare.db"))
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
      CREATE TABLE execution (slot INTEGER PRIMARY KEY, id TEXT UNIQUE, body TEXT);
      CREATE TABLE event (seq INTEGER PRIMARY KEY, slot INTEGER, body TEXT)`)
    const insert = db.prepare("INSERT INTO execution VALUES (?, ?, ?)")
    const update = db.prepare("UPDATE execution SET body = ? WHERE slot = ?")
    const event = db.prepare("INSERT INTO event (slot, body) VALUES (?, ?)")
    const body = JSON.stringify(contextOf("x"))
    const batches = (size: number, write: (slot: number) => void): number => {
      const started = performance.now()
      for (let done = 0; done < rows; done += size) {
        db.exec("BEGIN IMMEDIATE")
        for (let slot = done; slot < Math.min(rows, done + size); slot++) write(slot)
        db.exec("COMMIT")
      }
      return (rows / (performance.now() - started)) * 1_000
    }
    const ids = Array.from({ length: rows }, (_, slot) => idOf("bare", slot))
    const inserted = batches(1_000, (slot) => {
      insert.run(slot, ids[slot] ?? "", body)
      event.run(slot, '[{"type":"SCHEDULED","at":0,"dueAt":1000}]')
    })
    const step = (slot: number) => {
      update.run(body, slot)
      event.run(slot, '[{"type":"DUE","at":2000},{"type":"RENDERED","at":2000}]')
    }
    const halves = [batches(batchSize, step), batches(batchSize, step)]
    const cycles = 1 / halves.reduce((sum, rate) => sum + 1 / rate, 0)
    db.close()
    console.log(`bare SQLite: ${Math.round(inserted)} inserted/s, ${Math.round(cycles)} cycles/s (${rows} rows)`)
  })

const memoryUsed = (): string => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return `resident ${megabytes(rss)}, JavaScript heap ${megabytes(heapUsed)}`
}

const self = fileURLToPath(import.meta.url)

const inProcess = (...words: ReadonlyArray<string>): void =>
  void spawnSync(process.execPath, ["--expose-gc", "--conditions=sendstate-source", self, ...words], {
    stdio: "inherit",
  })

const resident = (name: string, rows: number): Promise<void> =>
  inFolder(async (folder) => {
    const driver = await open(name, folder)
    const rate = await enroll(driver, rows)
    console.log(`${name}: ${rows} scheduled: ${memoryUsed()}, ${Math.round(rate)} enrolled/s`)
    await driver.close()
    // The process that enrolled also holds what V8 keeps for the garbage of enrolling; a new one shows the store alone.
    if (name !== "memory") inProcess("opened", folder)
  })

const opened = async (folder: string): Promise<void> => {
  const driver = await open("sqlite", folder)
  const rows = await driver.claimDue({ owner: "bench", limit: 500, leaseMs: 30_000, now: 2_000 })
  const size = megabytes(statSync(join(folder, "bench.db")).size)
  console.log(`sqlite: the same ${size} opened anew, ${rows.length} rows claimed: ${memoryUsed()}`)
  await driver.close()
}

const main = async ([what, name = "sqlite", count = "100000"]: ReadonlyArray<string>): Promise<void> => {
  if (what === "bare") return bare(Number(name))
  if (what === "rates") return rates(name, Number(count))
  if (what === "resident") return resident(name, Number(count))
  if (what === "opened") return opened(name)
  const runs = [
    ["bare", "100000"],
    ["rates", "memory", "100000"],
    ["rates", "sqlite", "100000"],
    ["resident", "memory", "100000"],
    ["resident", "sqlite", "100000"],
    ["resident", "sqlite", "1000000"],
  ]
  for (const run of runs) inProcess(...run)
}

void main(process.argv.slice(2))
