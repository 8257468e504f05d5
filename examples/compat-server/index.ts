/**
 * A server that was written against the old interface: node --conditions=sendstate-source examples/compat-server/index.ts
 *
 *   curl -X POST -H content-type:application/json localhost:8080/campaigns/welcome/trigger -d '{"leadIds":["ann"]}'
 *   curl localhost:8080/report
 *
 * Sends to a mail server of its own, or to SMTP_URL; keeps its state in DATABASE (default: a file that is gone at the end);
 * listens on PORT. With --self-check it asks itself over HTTP and exits.
 */
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { campaignOrchestrator, configureCompat } from "sendstate/compat"
import { handlebars } from "sendstate/renderer/handlebars"
import { sqlite } from "sendstate/storage/sqlite"
import { smtp } from "sendstate/transport/smtp"
import { startLocalInbox } from "../local-inbox.ts"
import { app } from "./app.ts"
import { campaignSource, leadSource, templateSource } from "./host-data.ts"
import { selfCheck } from "./self-check.ts"

const isCheck = process.argv.includes("--self-check")
const inbox = process.env.SMTP_URL === undefined ? await startLocalInbox() : undefined
const folder = process.env.DATABASE === undefined ? mkdtempSync(join(tmpdir(), "sendstate-compat-")) : undefined

// All that is new: what the services run on, and where the host's data comes from.
const compat = configureCompat({
  storage: sqlite(process.env.DATABASE ?? join(folder ?? "", "server.db")),
  transport: smtp(process.env.SMTP_URL ?? inbox?.url ?? ""),
  renderer: handlebars({ templates: {} }),
  from: "Ann <ann@acme.example>",
  leads: leadSource,
  campaigns: campaignSource,
  templates: templateSource,
})

await campaignOrchestrator.start()
const server = app().listen(Number(process.env.PORT ?? (isCheck ? 0 : 8080)), "127.0.0.1")
await once(server, "listening")
const address = server.address()
const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
console.log(`listening on ${url}`)

const stop = async (): Promise<void> => {
  server.close()
  server.closeAllConnections()
  await compat.close()
  await inbox?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}

if (isCheck) {
  await selfCheck(url, () => inbox?.mails.map(({ subject }) => subject) ?? [])
  await stop()
} else {
  process.once("SIGINT", () => void stop())
  process.once("SIGTERM", () => void stop())
}
