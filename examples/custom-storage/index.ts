/**
 * An own storage in a campaign that is stopped in the middle, finds a torn file, and goes on:
 * node --conditions=sendstate-source examples/custom-storage/index.ts
 */
import assert from "node:assert/strict"
import { appendFile, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createRuntime } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import { memory } from "sendstate/transport/memory"
import { lineFile } from "./line-file.ts"

const people = Array.from({ length: 50 }, (_, index) => ({ email: `person${index}@mail.example` }))
const folder = await mkdtemp(join(tmpdir(), "sendstate-example-"))
const file = join(folder, "campaigns.lines")
const arrived = new Map<string, number>()

/** One life of the program: the same code each time, whatever is in the file. */
const live = async (until: "firstMailsSent" | "completed") => {
  const transport = memory()
  const runtime = await createRuntime({
    storage: lineFile(file),
    transport,
    renderer: handlebars({
      templates: {
        hello: { subject: "Hello", html: "<p>Hello</p>" },
        nudge: { subject: "Still there?", html: "<p>Hello again</p>" },
      },
    }),
  })
  const campaign = await runtime.campaigns.create(
    { id: "spring", from: "ann@acme.example", steps: [{ template: "hello" }, { template: "nudge", after: "3 days" }] },
    { speed: 200_000 }, // three days last 1.3 seconds
  )
  await campaign.enroll(people) // in the second life all of them are duplicates
  await campaign.close()
  const counts = await (until === "completed" ? campaign.completed() : campaign.idle())
  await runtime.close()
  for (const { message } of transport.sent) arrived.set(message.messageId, (arrived.get(message.messageId) ?? 0) + 1)
  console.log(`${transport.count} mails in this life; ${counts.sent} of ${counts.planned} sent`)
  return counts
}

await live("firstMailsSent")
await appendFile(file, '[["execution/a-write-that-was-cut') // what a power cut leaves behind
const counts = await live("completed")
await rm(folder, { recursive: true })

assert.equal(counts.sent, 100)
assert.equal(arrived.size, 100)
assert.ok(
  [...arrived.values()].every((copies) => copies === 1),
  "nothing is sent twice",
)
