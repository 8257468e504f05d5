import {
  campaignOrchestrator,
  configureCompat,
  executionMonitor,
  executionScheduler,
  executionStorage,
} from "sendstate/compat"
import { memory } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { configure, executionOf, gone, later, onEachStorage, past, until } from "./engine.ts"

onEachStorage((storage) => {
  test("start sends what is due at once, also what an earlier process left; a second start changes nothing", async () => {
    const { inbox, restart } = await configure(storage)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    await restart()
    expect(executionMonitor.isMonitorRunning()).toBe(false)
    await Promise.all([executionMonitor.start(), executionMonitor.start()])
    await executionMonitor.start()
    expect(executionMonitor.isMonitorRunning()).toBe(true)
    await until(() => executionMonitor.getExecutionStatus(id)?.status === "completed")
    expect(inbox.count).toBe(1)
  })

  test("after stop nothing is sent, what was seen is still shown, and start goes on", async () => {
    const { inbox } = await configure(storage)
    await executionMonitor.start()
    const sent = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    await until(() => executionMonitor.getExecutionStatus(sent)?.status === "completed")
    await executionMonitor.stop()
    await executionMonitor.stop()
    expect(executionMonitor.isMonitorRunning()).toBe(false)
    expect(executionMonitor.getExecutionStatus(sent)?.status).toBe("completed")
    await executionScheduler.scheduleEmailCampaign("spring", "bob", "hello", past)
    expect(executionMonitor.getHealthStatus()).toMatchObject({ isRunning: false, pendingExecutions: 1 })
    await executionMonitor.start()
    await until(() => inbox.count === 2)
  })

  test("no look after stop opens the storage again", async () => {
    await configure(storage)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
    await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    await executionMonitor.stop()
    expect(executionScheduler.getDueExecutions()).toHaveLength(1)
    expect(executionStorage.getDueExecutions()).toHaveLength(1)
    expect(executionMonitor.getExecutionStatus(id)?.status).toBe("scheduled")
    expect(await campaignOrchestrator.getExecutionStats()).toMatchObject({ total: 2, scheduled: 2 })
    // It would refuse while it is open.
    expect(() => configureCompat({ storage: memory() })).not.toThrow()
  })

  test("more than ten due at once are all sent at once", async () => {
    const { inbox } = await configure(storage)
    for (let n = 0; n < 25; n += 1) await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    await executionMonitor.start()
    await until(() => inbox.count === 25)
  })

  test("stats count and list all executions, or those of one campaign", async () => {
    await configure(storage)
    executionStorage.set("a", executionOf({ id: "a" }))
    executionStorage.set("b", executionOf({ id: "b", campaignId: "other", status: "failed" }))
    const { executions, ...counts } = executionMonitor.getExecutionStats()
    expect(counts).toEqual({ total: 2, scheduled: 1, executing: 0, completed: 0, failed: 1 })
    expect(executions.map(({ id }) => id).sort()).toEqual(["a", "b"])
    expect(executionMonitor.getExecutionStats("other")).toMatchObject({ total: 1, failed: 1 })
    expect(executionMonitor.getExecutionStats("nowhere")).toEqual({
      total: 0,
      scheduled: 0,
      executing: 0,
      completed: 0,
      failed: 0,
      executions: [],
    })
    expect(await executionMonitor.getExecutionStatsAsync()).toMatchObject({ total: 2, scheduled: 1, failed: 1 })
  })

  test("executions are found by id, campaign and lead", async () => {
    await configure(storage)
    executionStorage.set("a", executionOf({ id: "a" }))
    expect(executionMonitor.getExecutionStatus("a")).toEqual(executionOf({ id: "a" }))
    expect(executionMonitor.getExecutionStatus("nobody")).toBeUndefined()
    expect(await executionMonitor.getExecutionStatusAsync("nobody")).toBeUndefined()
    expect(executionMonitor.getCampaignExecutions("spring")).toHaveLength(1)
    expect(executionMonitor.getLeadExecutions("ann")).toHaveLength(1)
    expect(executionMonitor.getLeadExecutions("bob")).toEqual([])
    expect(await executionMonitor.getCampaignExecutionsAsync("spring")).toHaveLength(1)
    expect(await executionMonitor.getLeadExecutionsAsync("bob")).toEqual([])
  })

  test("health tells what waits, what failed, and when something was last processed", async () => {
    await configure(storage, { outcome: () => gone })
    expect(executionMonitor.getHealthStatus()).toEqual({
      isRunning: false,
      totalExecutions: 0,
      pendingExecutions: 0,
      failedExecutions: 0,
    })
    await executionScheduler.scheduleEmailCampaign("spring", "bob", "hello", later)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    await executionMonitor.start()
    await until(() => executionMonitor.getExecutionStatus(id)?.status === "failed")
    expect(executionMonitor.getHealthStatus()).toEqual({
      isRunning: true,
      totalExecutions: 2,
      pendingExecutions: 1,
      failedExecutions: 1,
      lastProcessedAt: executionMonitor.getExecutionStatus(id)?.lastAttempt,
    })
  })

  test("forceProcessExecution runs a scheduled one now; false for others", async () => {
    const { inbox } = await configure(storage)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
    expect(await executionMonitor.forceProcessExecution(id)).toBe(true)
    expect(executionMonitor.getExecutionStatus(id)?.status).toBe("completed")
    expect(await executionMonitor.forceProcessExecution(id)).toBe(false)
    expect(await executionMonitor.forceProcessExecution("nobody")).toBe(false)
    expect(inbox.count).toBe(1)
  })

  test("a date as early as a Date can be is as good as any other that is past", async () => {
    const { inbox } = await configure(storage)
    const ids = [
      await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", new Date(0)),
      await executionScheduler.scheduleEmailCampaign("spring", "bob", "hello", later),
    ]
    executionStorage.set(ids[0] ?? "", executionOf({ id: ids[0] ?? "", scheduledFor: new Date(-1) }))
    for (const id of ids.reverse()) expect(await executionMonitor.forceProcessExecution(id)).toBe(true)
    expect(inbox.sent.map(({ message }) => message.to.address)).toEqual(["bob@example.test", "ann@example.test"])
  })

  test("the report lists the ten newest failures and the ten soonest mails", async () => {
    await configure(storage)
    for (let n = 0; n < 12; n += 1) {
      executionStorage.set(`f${n}`, executionOf({ id: `f${n}`, status: "failed", lastAttempt: new Date(n * 1_000) }))
      executionStorage.set(
        `s${n}`,
        executionOf({ id: `s${n}`, scheduledFor: new Date(later.getTime() + (n % 5) * 100 + n) }),
      )
    }
    executionStorage.set("x", executionOf({ id: "x", campaignId: "other" }))
    const report = executionMonitor.getExecutionReport("spring")
    expect(Object.keys(report).sort()).toEqual(["recentFailures", "summary", "upcomingExecutions"])
    expect(report.summary).toMatchObject({ total: 24, failed: 12, scheduled: 12 })
    expect(report.recentFailures.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, n) => `f${11 - n}`))
    const times = report.upcomingExecutions.map(({ scheduledFor }) => scheduledFor.getTime())
    expect(times).toEqual([...times].sort((left, right) => left - right))
    expect(report.upcomingExecutions[0]?.id).toBe("s0")
    expect(times).toHaveLength(10)
    expect(executionMonitor.getExecutionReport().summary.total).toBe(25)
  })
})
