import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { CampaignExecution, ExecutionReport, ExecutionStats, HealthStatus } from "sendstate/compat"
import { afterEach, beforeEach, expect, test } from "vitest"
import { startLocalInbox } from "../../examples/local-inbox.ts"
import { until } from "./engine.ts"
import { type ServerProcess, startServer } from "./server-process.ts"

const later = "2090-01-01T00:00:00.000Z"

let folder: string
let inbox: Awaited<ReturnType<typeof startLocalInbox>>
let server: ServerProcess | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sendstate-server-"))
  inbox = await startLocalInbox()
})
afterEach(async () => {
  await server?.kill()
  server = undefined
  await inbox.stop()
  rmSync(folder, { recursive: true, force: true })
})

const start = async (): Promise<ServerProcess> => {
  server = await startServer(inbox.url, join(folder, "server.db"))
  return server
}

const schedule = (to: ServerProcess, leadId: string, scheduledFor: string): Promise<{ id: string }> =>
  to.ask("POST", "/campaigns/welcome/executions", { leadId, templateId: "hello", scheduledFor })

test("a server written for the old interface does everything over HTTP", async () => {
  const running = await start()
  const { ask, status } = running
  const first = await schedule(running, "ann", later)
  const second = await schedule(running, "bob", later)
  expect(await ask<CampaignExecution>("GET", `/executions/${first.id}`)).toEqual({
    id: first.id,
    campaignId: "welcome",
    leadId: "ann",
    templateId: "hello",
    scheduledFor: later,
    status: "scheduled",
    attempts: 0,
  })
  expect(await ask("GET", "/campaigns/welcome/executions")).toHaveLength(2)
  expect(await ask("POST", `/executions/${first.id}/process`)).toEqual({ processed: true })
  expect(await ask("POST", `/executions/${first.id}/process`)).toEqual({ processed: false })
  expect(await ask("DELETE", `/executions/${second.id}`)).toEqual({ cancelled: true })
  expect(await status(`/executions/${second.id}`)).toBe(404)
  await ask("POST", "/campaigns/welcome/trigger", { leadIds: ["bob"] })
  await expect(ask("POST", "/campaigns/retired/trigger", { leadIds: ["bob"] })).rejects.toThrow(/400.*retired is not/)
  await until(async () => (await ask<ExecutionStats>("GET", "/stats")).completed === 2)
  expect(inbox.mails.map(({ subject }) => subject).sort()).toEqual(["Welcome Ann", "Welcome Bob"])
  const report = await ask<ExecutionReport>("GET", "/report")
  expect(report.upcomingExecutions.map(({ templateId }) => templateId)).toEqual(["nudge"])
  expect(await ask<HealthStatus>("GET", "/health")).toMatchObject({
    isRunning: true,
    totalExecutions: 3,
    pendingExecutions: 1,
  })
})

test("killed between scheduling and sending and started again, it sends what was scheduled, once", async () => {
  const before = await start()
  const soon = new Date(Date.now() + 2_500).toISOString()
  const ids = await Promise.all(["ann", "bob"].map(async (lead) => (await schedule(before, lead, soon)).id))
  await before.kill()
  expect(inbox.mails).toEqual([])

  const after = await start()
  await until(async () => (await after.ask<ExecutionStats>("GET", "/stats")).completed === 2)
  await after.kill()
  const again = await start()
  for (const id of ids)
    expect((await again.ask<CampaignExecution>("GET", `/executions/${id}`)).status).toBe("completed")
  expect(inbox.mails.map(({ to }) => to).sort()).toEqual(["ann@mail.example", "bob@mail.example"])
})
