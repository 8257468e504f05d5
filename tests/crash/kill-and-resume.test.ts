import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { openStore } from "sendstate"
import type { Counts, ExecutionRow } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type LedgerInbox, startLedgerInbox } from "./ledger-inbox.ts"

const kills = 5
const leadCount = 150

let folder: string
let inbox: LedgerInbox

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sendstate-kill-"))
  inbox = await startLedgerInbox(() => Math.random() * 30)
})
afterEach(async () => {
  await inbox.close()
  rmSync(folder, { recursive: true, force: true })
})

const files = (onUnknown: string): { readonly campaign: string; readonly leads: string; readonly db: string } => {
  const campaign = join(folder, "campaign.yaml")
  const spring = readFileSync("examples/spring/campaign.yaml", "utf8")
  writeFileSync(
    campaign,
    spring
      .replace("templates: templates", `templates: ${resolve("examples/spring/templates")}`)
      .replace("onUnknown: hold", `onUnknown: ${onUnknown}`),
  )
  const leads = join(folder, "leads.csv")
  writeFileSync(
    leads,
    readFileSync("examples/spring/leads.csv", "utf8")
      .split("\n")
      .slice(0, leadCount + 1)
      .join("\n"),
  )
  return { campaign, leads, db: join(folder, "spring.db") }
}

interface Run {
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  readonly kill: () => void
}

const start = (paths: ReturnType<typeof files>): Run => {
  const child = spawn(
    process.execPath,
    [
      "--conditions=sendstate-source",
      "src/cli/bin.ts",
      "run",
      paths.campaign,
      paths.leads,
      ...["--db", paths.db, "--smtp", inbox.url, "--yes", "--json", "--speed", "1000000"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  )
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk) => (stdout += chunk))
  child.stderr.on("data", (chunk) => (stderr += chunk))
  return {
    ended: new Promise((done) => child.once("close", (code) => done({ code, stdout, stderr }))),
    kill: () => child.kill("SIGKILL"),
  }
}

/** Kills it at a random moment after it has begun to send again. */
const runAndKill = async (paths: ReturnType<typeof files>): Promise<void> => {
  const sum = (): number => [...inbox.copies.values()].reduce((total, copies) => total + copies, 0)
  const before = sum()
  const run = start(paths)
  let isOver = false
  void run.ended.then(() => {
    isOver = true
  })
  while (!isOver && sum() < before + 5) await pause(5)
  await pause(Math.random() * 400)
  run.kill()
  await run.ended
}

const killThenFinish = async (onUnknown: string): Promise<{ counts: Counts; rows: ReadonlyArray<ExecutionRow> }> => {
  const paths = files(onUnknown)
  for (let kill = 0; kill < kills; kill += 1) await runAndKill(paths)
  const { stdout, stderr } = await start(paths).ended
  const counts = JSON.parse(stdout.trim().split("\n").at(-1) ?? "null")
  expect(counts, stderr).toMatchObject({ planned: expect.any(Number) })
  const store = await openStore(sqlite(paths.db))
  const rows: ExecutionRow[] = []
  for await (const row of store.executions()) rows.push(row)
  await store.close()
  return { counts, rows }
}

const copiesOf = (row: ExecutionRow): number => inbox.copies.get(`<${row.id}@acme.example>`) ?? 0

describe("a campaign killed five times and started again", () => {
  test("with `resend` mails every lead, and copies beyond one are reported in doubt, execution by execution", async () => {
    const { counts, rows } = await killThenFinish("resend")
    expect(counts).toMatchObject({ planned: leadCount * 3, sent: leadCount * 3 })
    expect(rows).toHaveLength(leadCount * 3)
    for (const row of rows) {
      expect(copiesOf(row), row.id).toBeGreaterThanOrEqual(1)
      expect(copiesOf(row) - 1, row.id).toBeLessThanOrEqual(row.context.doubts)
    }
    expect(counts.inDoubtTotal, "no kill came between intent and receipt: the test shows nothing").toBeGreaterThan(0)
  }, 180_000)

  test("with `hold` mails every lead once or lists it in doubt", async () => {
    const { counts, rows } = await killThenFinish("hold")
    expect(counts.scheduled + counts.rendering + counts.sending + counts.retrying).toBe(0)
    expect(counts.sent + counts.inDoubt).toBe(counts.planned)
    expect(counts.inDoubt, "no kill came between intent and receipt: the test shows nothing").toBeGreaterThan(0)
    for (const row of rows) {
      expect(copiesOf(row), row.id).toBeLessThanOrEqual(1)
      if (row.state === "done") expect(copiesOf(row), row.id).toBe(1)
    }
    expect(new Set(rows.map((row) => row.leadId)).size).toBe(leadCount)
  }, 180_000)
})
