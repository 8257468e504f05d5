import {
  configureCompat,
  DEFAULT_RETRY_CONFIG,
  executionMonitor,
  executionProcessor,
  executionScheduler,
  executionStorage,
  RetryManager,
  resetCompat,
  retryManager,
} from "sendstate/compat"
import { memory } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { busy, configure, executionOf, onEachStorage, past, until } from "./engine.ts"

test("the default policy is three tries, five minutes, times 1.5", () => {
  expect(DEFAULT_RETRY_CONFIG).toEqual({ maxAttempts: 3, retryDelayMs: 300_000, backoffMultiplier: 1.5 })
})

onEachStorage((storage) => {
  test("the delay is taken with the attempts as already counted", async () => {
    await configure(storage)
    expect(retryManager.getRetryStats(executionOf({ attempts: 0 }))).toEqual({
      attempts: 0,
      maxAttempts: 3,
      canRetry: true,
      nextRetryDelay: 300_000,
    })
    expect(retryManager.getRetryStats(executionOf({ attempts: 1 }))).toEqual({
      attempts: 1,
      maxAttempts: 3,
      canRetry: true,
      nextRetryDelay: 450_000,
    })
    expect(retryManager.getRetryStats(executionOf({ attempts: 2 }))).toEqual({
      attempts: 2,
      maxAttempts: 3,
      canRetry: true,
      nextRetryDelay: 675_000,
    })
    expect(retryManager.getRetryStats(executionOf({ attempts: 3 }))).toEqual({
      attempts: 3,
      maxAttempts: 3,
      canRetry: false,
    })
    expect(retryManager.shouldRetry(executionOf({ attempts: 2 }))).toBe(true)
    expect(retryManager.shouldRetry(executionOf({ attempts: 3 }))).toBe(false)
  })

  test("a manager with a config of its own calculates with it and leaves the engine's alone", async () => {
    await configure(storage)
    const own = new RetryManager({ maxAttempts: 5, retryDelayMs: 1_001 })
    expect(own.getConfig()).toEqual({ maxAttempts: 5, retryDelayMs: 1_001, backoffMultiplier: 1.5 })
    expect(own.getRetryStats(executionOf({ attempts: 2 })).nextRetryDelay).toBe(2_252)
    own.updateConfig({ backoffMultiplier: 2 })
    expect(own.getConfig().backoffMultiplier).toBe(2)
    expect(retryManager.getConfig()).toEqual(DEFAULT_RETRY_CONFIG)
  })

  test("what getConfig gives is a copy", async () => {
    await configure(storage)
    retryManager.getConfig().maxAttempts = 99
    expect(retryManager.getConfig().maxAttempts).toBe(3)
  })

  test("scheduleRetry plans the next try after the delay of its attempts", async () => {
    await configure(storage)
    const execution = executionOf({ attempts: 1 })
    executionStorage.set(execution.id, execution)
    const before = Date.now()
    retryManager.scheduleRetry(execution)
    expect(execution.scheduledFor.getTime() - before).toBeGreaterThanOrEqual(450_000)
    expect(execution.scheduledFor.getTime() - before).toBeLessThan(460_000)
    expect(executionStorage.get(execution.id)?.scheduledFor).toEqual(execution.scheduledFor)
    await retryManager.scheduleRetryAsync(execution)
    retryManager.resetAttempts(execution)
    expect(execution.attempts).toBe(0)
  })

  test("updateConfig applies to what was scheduled before and is not yet retried: another delay", async () => {
    await configure(storage, { outcome: () => busy })
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    retryManager.updateConfig({ retryDelayMs: 1_001, backoffMultiplier: 1.5 })
    const execution = executionStorage.get(id) ?? executionOf()
    await executionProcessor.processExecution(execution)
    const delay = execution.scheduledFor.getTime() - (execution.lastAttempt?.getTime() ?? 0)
    expect(delay).toBeGreaterThanOrEqual(1_501)
    expect(delay).toBeLessThan(11_000)
    expect(execution.status).toBe("scheduled")
  })

  test("updateConfig applies to what was scheduled before: fewer tries, or more", async () => {
    await configure(storage, { outcome: () => busy, retry: { retryDelayMs: 1, maxAttempts: 2 } })
    const fewer = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    retryManager.updateConfig({ maxAttempts: 1 })
    const execution = executionStorage.get(fewer) ?? executionOf()
    await executionProcessor.processExecution(execution)
    expect(execution).toMatchObject({ status: "failed", attempts: 1, errorMessage: "450 busy" })
    const more = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    retryManager.updateConfig({ maxAttempts: 4 })
    await executionMonitor.start()
    await until(() => executionStorage.get(more)?.status === "failed")
    expect(executionStorage.get(more)?.attempts).toBe(4)
  })
})

test("a policy that was changed before configureCompat holds where that does not say otherwise", async () => {
  retryManager.updateConfig({ maxAttempts: 7, backoffMultiplier: 2 })
  configureCompat({ storage: memory(), retry: { backoffMultiplier: 3 } })
  expect(retryManager.getConfig()).toEqual({ maxAttempts: 7, retryDelayMs: 300_000, backoffMultiplier: 3 })
  await resetCompat()
  expect(retryManager.getConfig()).toEqual(DEFAULT_RETRY_CONFIG)
})
