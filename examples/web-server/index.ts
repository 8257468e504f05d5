/**
 * sendstate inside a web server: node --conditions=sendstate-source examples/web-server/index.ts
 *
 *   curl --data-binary '{"email":"ann@mail.example","name":"Ann"}' localhost:8080/campaigns/welcome/leads
 *   curl localhost:8080/campaigns/welcome/stats
 *
 * With --self-check it asks itself over HTTP and exits. The transport is `memory`; put `smtp(...)` in its place.
 */
import { once } from "node:events"
import { createServer } from "node:http"
import process from "node:process"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { app } from "./app.ts"
import { selfCheck } from "./self-check.ts"

const isCheck = process.argv.includes("--self-check")

const runtime = await createRuntime({
  storage: memoryStorage(),
  transport: memoryTransport(),
  renderer: handlebars({
    templates: {
      welcome: { subject: "Welcome {{firstName}}", html: "<p>Good to have you.</p>" },
      howItGoes: { subject: "How is it going?", html: "<p>Just reply.</p>" },
    },
  }),
})
// Created once or found again: after a restart the same call goes on with what is stored.
await runtime.campaigns.create({
  id: "welcome",
  from: "Ann <ann@acme.example>",
  steps: [{ template: "welcome" }, { template: "howItGoes", after: "2 weeks" }],
})

const server = createServer(app(runtime))
server.listen(isCheck ? 0 : 8080, "127.0.0.1")
await once(server, "listening")
const address = server.address()
const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 8080}`
console.log(`listening on ${url}`)

const stop = async (): Promise<void> => {
  server.close()
  server.closeAllConnections()
  // Sends under way may end; everything else waits in the storage for the next start.
  await runtime.close({ deadlineMs: 5_000 })
}

if (isCheck) {
  await selfCheck(url, runtime)
  await stop()
} else {
  process.once("SIGINT", () => void stop())
  process.once("SIGTERM", () => void stop())
}
