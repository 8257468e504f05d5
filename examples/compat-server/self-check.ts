import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"

const later = "2090-01-01T00:00:00Z"

/** Uses the server as a client does. */
export const selfCheck = async (url: string, subjects: () => ReadonlyArray<string>): Promise<void> => {
  const ask = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, `${method} ${path}: ${response.status}`)
    return (await response.json()) as Body
  }
  const schedule = (leadId: string, scheduledFor: string) =>
    ask<{ id: string }>("POST", "/campaigns/welcome/executions", { leadId, templateId: "hello", scheduledFor })

  const first = await schedule("ann", later)
  const second = await schedule("bob", later)
  const shown = await ask<{ status: string }>("GET", `/executions/${first.id}`)
  assert.equal(shown.status, "scheduled")
  assert.equal((await ask<unknown[]>("GET", "/campaigns/welcome/executions")).length, 2)

  assert.deepEqual(await ask("POST", `/executions/${first.id}/process`), { processed: true })
  assert.deepEqual(await ask("DELETE", `/executions/${first.id}`), { cancelled: false })
  assert.deepEqual(await ask("DELETE", `/executions/${second.id}`), { cancelled: true })
  assert.equal((await fetch(`${url}/executions/${second.id}`)).status, 404)

  await ask("POST", "/campaigns/welcome/trigger", { leadIds: ["bob"] })
  const refused = await fetch(`${url}/campaigns/retired/trigger`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ leadIds: ["bob"] }),
  })
  assert.equal(refused.status, 400)
  assert.match(await refused.text(), /retired is not active/)
  for (let tries = 0; subjects().length < 2 && tries < 500; tries += 1) await sleep(20)
  assert.deepEqual([...subjects()].sort(), ["Welcome Ann", "Welcome Bob"])

  for (let tries = 0; tries < 500; tries += 1) {
    const stats = await ask<{ completed: number; total: number; scheduled: number }>("GET", "/stats")
    if (stats.completed < 2) {
      await sleep(20)
      continue
    }
    console.log("stats", { total: stats.total, scheduled: stats.scheduled, completed: stats.completed })
    assert.deepEqual([stats.total, stats.scheduled, stats.completed], [3, 1, 2])
    break
  }
  const report = await ask<{ upcomingExecutions: unknown[]; recentFailures: unknown[] }>("GET", "/report")
  assert.deepEqual([report.upcomingExecutions.length, report.recentFailures.length], [1, 0])
  const health = await ask<{ isRunning: boolean; pendingExecutions: number }>("GET", "/health")
  console.log("health", health)
  assert.deepEqual([health.isRunning, health.pendingExecutions], [true, 1])
}
