/**
 * sendstate inside a plain Node program: node --conditions=sendstate-source examples/embed.ts
 *
 * The mail goes over real SMTP to an inbox that this example starts. With your own server, give its URL to `smtp`; with
 * `sqlite("campaigns.db")` instead of `memory()` the program may be killed and started again at any moment.
 */
import assert from "node:assert/strict"
import { createRuntime } from "sendstate"
import { mjml } from "sendstate/renderer/mjml"
import { memory } from "sendstate/storage/memory"
import { smtp } from "sendstate/transport/smtp"
import { startLocalInbox } from "./local-inbox.ts"

const inbox = await startLocalInbox()

const hello = {
  subject: "Hello {{firstName}}",
  mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{name}}, welcome.</mj-text></mj-column></mj-section></mj-body></mjml>",
}
const nudge = { subject: "Still there, {{firstName}}?", html: "<p>It has been three days.</p>" }

const runtime = await createRuntime({
  storage: memory(),
  transport: smtp(inbox.url),
  renderer: mjml({ templates: { hello, nudge } }),
})
const spring = await runtime.campaigns.create(
  {
    id: "spring",
    from: "Ann <ann@acme.example>",
    steps: [{ template: "hello" }, { template: "nudge", after: "3 days" }],
  },
  { speed: 1_000_000 }, // campaign time only, so that three days are over in a quarter of a second
)
const { enrolled, rejected } = await spring.enroll([
  { email: "grace@mail.example", name: "Grace Hopper" },
  { email: "łukasz@mail.example", name: "Łukasz Wójcik" },
  { email: "not an address" },
])
await spring.close() // nobody else will be enrolled, so the campaign may complete
const counts = await spring.completed()

console.log(`${enrolled} enrolled, ${rejected.total} rejected: ${rejected.first[0]?.error.message}`)
console.log(`${counts.sent} of ${counts.planned} sent`)
for (const { to, subject } of inbox.mails) console.log(`  ${to}: ${subject}`)
await runtime.close()
await inbox.stop()

assert.equal(counts.sent, 4)
assert.equal(inbox.mails.length, 4)
