import assert from "node:assert/strict"
import type { Runtime } from "sendstate"
import type { Counts } from "sendstate/sdk"

const leads = [
  { email: "ann@mail.example", name: "Ann Example" },
  { email: "bob@mail.example" }, // has no first name, which the template needs: fails alone
  { email: "two@at@mail.example" },
]

/** Uses the server as a client does. */
export const selfCheck = async (url: string, runtime: Runtime): Promise<void> => {
  const ask = async <Body>(method: string, path: string, body?: string): Promise<Body> => {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) })
    assert.ok(response.ok, `${method} ${path}: ${response.status}`)
    return (await response.json()) as Body
  }
  const body = leads.map((lead) => JSON.stringify(lead)).join("\n")

  const first = await ask<{ enrolled: number; rejected: unknown[] }>("POST", "/campaigns/welcome/leads", body)
  console.log("enrolled", first)
  assert.equal(first.enrolled, 2)
  assert.equal(first.rejected.length, 1)
  const again = await ask<{ enrolled: number; duplicates: number }>("POST", "/campaigns/welcome/leads", body)
  assert.deepEqual([again.enrolled, again.duplicates], [0, 2])

  const campaign = await runtime.campaigns.get("welcome")
  await campaign.idle() // the first mails are out, the second ones wait for two weeks
  const stats = await ask<Counts>("GET", "/campaigns/welcome/stats")
  console.log("stats", stats)
  assert.deepEqual([stats.sent, stats.failed, stats.scheduled], [1, 1, 1])

  for await (const { id } of runtime.executions.list({ states: ["scheduled"] })) {
    console.log("cancel", await ask("DELETE", `/executions/${id}`))
    const { summary } = await ask<{ summary: string }>("GET", `/executions/${id}`)
    assert.equal(summary, "cancelled")
  }
  assert.equal((await fetch(`${url}/executions/nobody`)).status, 404)
}
