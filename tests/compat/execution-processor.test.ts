import { executionProcessor, executionScheduler, executionStorage } from "sendstate/compat"
import { expect, test } from "vitest"
import { busy, configure, executionOf, gone, later, onEachStorage } from "./engine.ts"

onEachStorage((storage) => {
  test("processExecution sends now, whatever the time and before any start, and tells what became of it", async () => {
    const { inbox } = await configure(storage)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
    const execution = executionStorage.get(id) ?? executionOf()
    await executionProcessor.processExecution(execution)
    expect(execution).toMatchObject({ id, status: "completed", attempts: 1, lastAttempt: expect.any(Date) })
    expect(inbox.sent.map(({ message }) => message.subject)).toEqual(["Hello Ann"])
    await executionProcessor.processExecution(execution)
    expect(inbox.count).toBe(1)
  })

  test("what was sent, cancelled or deleted since it was read is not sent, held in memory or not", async () => {
    const { inbox } = await configure(storage, { keepEnded: 0 })
    const read = async () => {
      const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
      return executionStorage.get(id) ?? executionOf()
    }
    const [sent, cancelled, deleted] = [await read(), await read(), await read()]
    await executionProcessor.processExecution({ ...sent })
    expect(executionScheduler.cancelExecution(cancelled.id)).toBe(true)
    expect(executionStorage.delete(deleted.id)).toBe(true)
    await executionProcessor.processBatch([sent, cancelled, deleted])
    expect(inbox.count).toBe(1)
    expect(sent.status).toBe("completed")
    expect(executionStorage.size()).toBe(1)
  })

  test("an execution that was never stored is stored and sent", async () => {
    const { inbox } = await configure(storage)
    const execution = executionOf({ id: "mine" })
    await executionProcessor.processExecution(execution)
    expect(execution.status).toBe("completed")
    expect(executionStorage.get("mine")).toEqual(execution)
    expect(inbox.count).toBe(1)
  })

  test("a failed try that will be retried is scheduled again after 7.5 minutes, then 11.25; the third is the last", async () => {
    await configure(storage, { outcome: () => busy })
    const execution = executionOf()
    const delays: number[] = []
    for (let attempts = 1; attempts <= 3; attempts += 1) {
      await executionProcessor.processExecution(execution)
      expect(execution).toMatchObject({ attempts, errorMessage: "450 busy" })
      delays.push(execution.scheduledFor.getTime() - (execution.lastAttempt?.getTime() ?? 0))
    }
    expect(execution.status).toBe("failed")
    expect(delays[0]).toBeGreaterThanOrEqual(450_000)
    expect(delays[0]).toBeLessThan(460_000)
    expect(delays[1]).toBeGreaterThanOrEqual(675_000)
    expect(delays[1]).toBeLessThan(685_000)
  })

  test("an unknown lead or template fails the execution with its reason, and rejects nothing", async () => {
    await configure(storage)
    const noLead = executionOf({ id: "no-lead", leadId: "nobody" })
    const noTemplate = executionOf({ id: "no-template", templateId: "nowhere" })
    await executionProcessor.processBatch([noLead, noTemplate])
    expect(noLead).toMatchObject({ status: "failed", errorMessage: "Lead not found" })
    expect(noTemplate).toMatchObject({ status: "failed", errorMessage: expect.stringContaining("nowhere") })
  })

  test("processBatch sends all; one that fails holds up no other", async () => {
    const { inbox } = await configure(storage, {
      outcome: (_, to) => (to === "bob@example.test" ? gone : { type: "accepted" }),
    })
    const executions = ["ann", "bob", "ann"].map((leadId, index) => executionOf({ id: `e${index}`, leadId }))
    await executionProcessor.processBatch(executions)
    expect(executions.map(({ status }) => status)).toEqual(["completed", "failed", "completed"])
    expect(inbox.count).toBe(2)
    await executionProcessor.processBatch([])
  })

  test("without a transport it says what to configure", async () => {
    const { configureCompat, resetCompat } = await import("sendstate/compat")
    await configure(storage)
    await resetCompat()
    configureCompat({ storage: (await import("sendstate/storage/memory")).memory() })
    await expect(executionProcessor.processExecution(executionOf())).rejects.toThrow(/configureCompat\(\{ transport/)
  })
})
