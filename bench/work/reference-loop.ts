/**
 * The loop that people write by hand: one SQLite table, batches of 1,000, no intents, no history, no retries, one
 * `UPDATE` per mail in a transaction per batch. Same work unit, same durability. Prints one JSON line.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { DatabaseSync } from "node:sqlite"
import Handlebars from "handlebars"
import { leads, template } from "./unit.ts"

const total = Number(process.argv[2] ?? "10000")
const folder = mkdtempSync(join(tmpdir(), "sendstate-bench-"))
const database = new DatabaseSync(join(folder, "loop.db"))
try {
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  database.exec("CREATE TABLE mail (id INTEGER PRIMARY KEY, email TEXT, data TEXT, status TEXT)")
  const insert = database.prepare("INSERT INTO mail (email, data, status) VALUES (?, ?, 'pending')")
  database.exec("BEGIN")
  for (const lead of leads(total)) insert.run(lead.email, JSON.stringify(lead.data))
  database.exec("COMMIT")

  const subject = Handlebars.compile(template.subject, { noEscape: true })
  const html = Handlebars.compile(template.html)
  const page = database.prepare("SELECT id, data FROM mail WHERE status = 'pending' ORDER BY id LIMIT 1000")
  const update = database.prepare("UPDATE mail SET status = 'sent' WHERE id = ?")
  const encoder = new TextEncoder()
  let bytes = 0
  const started = performance.now()
  for (let rows = page.all(); rows.length > 0; rows = page.all()) {
    database.exec("BEGIN")
    for (const { id, data } of rows) {
      const values = JSON.parse(String(data))
      bytes += encoder.encode(subject(values)).length + encoder.encode(html(values)).length
      update.run(Number(id))
    }
    database.exec("COMMIT")
  }
  const ms = performance.now() - started
  console.log(JSON.stringify({ count: total, bytes, runPerSecond: Math.round((total / ms) * 1_000) }))
} finally {
  database.close()
  rmSync(folder, { recursive: true, force: true })
}
