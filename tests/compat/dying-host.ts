/** A host that is told of a message, and whose database never answers: to be killed while a campaign is being started. */
import process from "node:process"
import { createCompat } from "sendstate/compat"
import { handlebars } from "sendstate/renderer/handlebars"
import { sqlite } from "sendstate/storage/sqlite"

const [, , database = ""] = process.argv

const compat = createCompat({
  storage: sqlite(database),
  renderer: handlebars({ templates: {} }),
  triggers: [{ type: "email", conditions: { emailSubject: "application", campaignId: "spring" } }],
  campaigns: {
    get: () => {
      process.stdout.write("asked\n")
      return new Promise(() => {})
    },
    list: async () => [],
  },
})
await compat.leads.put({ id: "ann", email: "ann@example.test" })
await compat.receiveEmail({ id: "m1", from: "ann@example.test", subject: "My application" })
