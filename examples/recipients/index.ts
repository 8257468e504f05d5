/**
 * What recipients do, over HTTP: unsubscribe with one click, follow links, bounce, answer:
 * node --conditions=sendstate-source examples/recipients/index.ts
 *
 * The mails go into memory; the example then acts as the recipients and their provider do, and looks at what follows. With
 * `smtp(...)` and a server that the world can reach, the same four handlers serve real ones.
 */
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { withTracking } from "sendstate/renderer/tracking"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { recipientsApp, type Secrets } from "./app.ts"
import { listener } from "./listener.ts"
import { actAsRecipients } from "./recipients.ts"

// For this example only: yours come from the environment.
const secrets: Secrets = {
  links: "an example's key, no secret at all",
  webhook: `whsec_${btoa("an example's secret, no secret")}`,
}

const server = createServer()
server.listen(0, "127.0.0.1")
await once(server, "listening")
const address = server.address()
const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`

/** Where the world finds the server: stands in the mails. */
const publicUrl = "https://acme.example"

const templates = {
  offer: { subject: "Seeds for {{firstName}}", html: '<p><a href="https://shop.example/seeds">See them</a></p>' },
  reminder: { subject: "Still there, {{firstName}}", html: "<p>Until Friday.</p>" },
}
const transport = memoryTransport()
const runtime = await createRuntime({
  storage: memoryStorage(),
  transport,
  renderer: withTracking(handlebars({ templates }), { baseUrl: `${publicUrl}/t`, signingKeys: [secrets.links] }),
})
server.on("request", listener(recipientsApp(runtime, secrets)))

const seeds = await runtime.campaigns.create({
  id: "seeds",
  topic: "garden-news",
  from: "Ann <ann@acme.example>",
  unsubscribe: { url: `${publicUrl}/u/{token}` },
  goal: "clicked",
  exit: ["replied", "bounced", "unsubscribed"],
  steps: [{ template: "offer" }, { template: "reminder", after: "3 days" }],
})
const people = ["Lea leaves", "Cleo clicks", "Bo bounces", "Rita replies", "Ned does nothing"]
await seeds.enroll(people.map((name) => ({ email: `${name.split(" ")[0]?.toLowerCase()}@mail.example`, name })))
await seeds.idle() // the offers are out, the reminders wait for three days

await actAsRecipients({ url, webhookSecret: secrets.webhook, mails: transport.sent.map(({ message }) => message) })

for await (const { id, leadId, step } of runtime.executions.list({ campaignId: "seeds" })) {
  if (step === 0) continue
  const { summary, history } = await runtime.explain(id)
  console.log(`the reminder to ${leadId}: ${summary} (${history.at(-1)?.text})`)
}
const { sent, cancelled, scheduled } = await seeds.stats()
assert.deepEqual({ sent, cancelled, scheduled }, { sent: 5, cancelled: 4, scheduled: 1 })

server.close()
server.closeAllConnections()
await runtime.close()
