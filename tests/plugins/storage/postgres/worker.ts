/** A process that shares a campaign: `worker.ts URL SCHEMA LEDGER LEASES`. Each mail is a line in the ledger, synced before it counts. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import type { Transport } from "sendstate/sdk"
import { postgres } from "sendstate/storage/postgres"

const [url = "", schema = "", ledger = "", leases = "{}", count = "0"] = process.argv.slice(2)
const file = openSync(ledger, "a")

const transport: Transport = {
  name: "ledger",
  capabilities: { maxConcurrency: 4, deadlineMs: 1_000, signalsHandoff: true },
  send: async ({ messageId }, { handoff }) => {
    await sleep(10)
    handoff()
    writeSync(file, `${messageId}\n`)
    fsyncSync(file)
    return { type: "accepted" }
  },
  close: async () => closeSync(file),
}

const runtime = await createRuntime({
  storage: postgres({ url, schema }),
  transport,
  renderer: handlebars({ templates: { hello: { subject: "Hello", html: "<p>Hello</p>" } } }),
  leases: JSON.parse(leases),
})
const spring = await runtime.campaigns.create({
  id: "spring",
  from: "ann@acme.test",
  steps: [{ template: "hello" }],
  onUnknown: "resend",
  retry: { base: 50, cap: 50, jitter: 0, attempts: 10 },
})
await spring.enroll(Array.from({ length: Number(count) }, (_, index) => ({ email: `lead${index}@x.test` })))
process.stdout.write("ready\n")
process.on("SIGTERM", () => void runtime.close().then(() => process.exit(0)))
setInterval(() => undefined, 1_000)
