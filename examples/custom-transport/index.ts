/** An own transport in a campaign: node --conditions=sendstate-source examples/custom-transport/index.ts */
import assert from "node:assert/strict"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { memory } from "sendstate/storage/memory"
import { jsonLines } from "./json-lines.ts"

const folder = await mkdtemp(join(tmpdir(), "sendstate-example-"))
const file = join(folder, "outbox.jsonl")
const runtime = await createRuntime({
  storage: memory(),
  transport: jsonLines({ file }),
  renderer: handlebars({ templates: { hello: { subject: "Hello {{name}}", html: "<p>Hello {{name}}</p>" } } }),
})
const campaign = await runtime.campaigns.create({
  id: "hello",
  from: "ann@acme.example",
  steps: [{ template: "hello" }],
})
await campaign.enroll(["Ann", "Bob", "Čeněk"].map((name, index) => ({ email: `${index}@mail.example`, name })))
await campaign.close()
const { sent } = await campaign.completed()
await runtime.close()

const lines = (await readFile(file, "utf8")).trimEnd().split("\n")
for (const line of lines) console.log(JSON.parse(line).messageId, JSON.parse(line).subject)
await rm(folder, { recursive: true })
assert.equal(sent, 3)
assert.equal(lines.length, 3)
