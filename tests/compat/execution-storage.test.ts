import { compat, executionMonitor, executionScheduler, executionStorage, retryManager } from "sendstate/compat"
import { memory } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { busy, configure, executionOf, gone, later, onEachStorage, past, until } from "./engine.ts"

onEachStorage((storage) => {
  test("what is set is there at once under its id, before anything was started", async () => {
    await configure(storage)
    executionStorage.set("execution-1", executionOf())
    expect(executionStorage.get("execution-1")).toEqual(executionOf())
    expect(executionStorage.get("nobody")).toBeUndefined()
    expect(executionStorage.size()).toBe(1)
  })

  test("executions are found by campaign, lead and status, and counted", async () => {
    await configure(storage)
    executionStorage.set("a", executionOf({ id: "a" }))
    executionStorage.set(
      "b",
      executionOf({ id: "b", leadId: "bob", status: "completed", attempts: 1, lastAttempt: past }),
    )
    executionStorage.set("c", executionOf({ id: "c", campaignId: "other", status: "failed", errorMessage: "550 gone" }))
    executionStorage.set("d", executionOf({ id: "d", status: "executing" }))
    const ids = (list: ReadonlyArray<{ id: string }>) => list.map(({ id }) => id).sort()
    expect(ids(executionStorage.getAll())).toEqual(["a", "b", "c", "d"])
    expect(ids(executionStorage.getByCampaign("spring"))).toEqual(["a", "b", "d"])
    expect(executionStorage.getByCampaign("nowhere")).toEqual([])
    expect(ids(executionStorage.getByLead("ann"))).toEqual(["a", "c", "d"])
    expect(executionStorage.getByLead("nobody")).toEqual([])
    expect(ids(executionStorage.getByStatus("failed"))).toEqual(["c"])
    expect(executionStorage.getStatusCounts()).toEqual({ scheduled: 1, executing: 1, completed: 1, failed: 1 })
    expect(executionStorage.get("b")).toMatchObject({ status: "completed", attempts: 1, lastAttempt: past })
  })

  test("what is due is listed from the longest due on, ten at most unless asked otherwise", async () => {
    await configure(storage)
    for (let n = 12; n > 0; n -= 1)
      executionStorage.set(`e${n}`, executionOf({ id: `e${n}`, scheduledFor: new Date(n) }))
    executionStorage.set("later", executionOf({ id: "later" }))
    expect(executionStorage.getDueExecutions()).toHaveLength(10)
    expect(executionStorage.getDueExecutions(2).map(({ id }) => id)).toEqual(["e1", "e2"])
    expect(executionStorage.getDueExecutions(99)).toHaveLength(12)
  })

  test("setting a scheduled one again moves it; away from scheduled its mail is never sent", async () => {
    const { inbox } = await configure(storage)
    executionStorage.set("a", executionOf({ id: "a" }))
    executionStorage.set("a", executionOf({ id: "a", scheduledFor: new Date(later.getTime() + 5) }))
    expect(executionStorage.get("a")?.scheduledFor).toEqual(new Date(later.getTime() + 5))
    executionStorage.set("b", executionOf({ id: "b", scheduledFor: past }))
    expect(executionStorage.updateStatus("b", "failed", "not wanted")).toBe(true)
    expect(executionStorage.get("b")).toMatchObject({ status: "failed", errorMessage: "not wanted" })
    executionStorage.set("c", executionOf({ id: "c", scheduledFor: past }))
    await executionMonitor.start()
    await until(() => executionStorage.get("c")?.status === "completed")
    expect(inbox.count).toBe(1)
    expect(executionStorage.get("b")?.status).toBe("failed")
  })

  test("back to scheduled there is a mail again, sent once", async () => {
    const { inbox } = await configure(storage)
    executionStorage.set("a", executionOf({ id: "a", scheduledFor: past }))
    executionStorage.updateStatus("a", "failed", "for now")
    expect(executionStorage.updateStatus("a", "scheduled")).toBe(true)
    await executionMonitor.start()
    await until(() => executionStorage.get("a")?.status === "completed")
    expect(inbox.count).toBe(1)
    executionStorage.set("a", executionOf({ id: "a", scheduledFor: past }))
    await until(() => inbox.count === 2)
    expect(executionStorage.size()).toBe(1)
  })

  test("tries that the host counted are shown and heeded, also after a restart", async () => {
    const { restart } = await configure(storage, { outcome: () => busy })
    const tried = executionOf({ id: "a", attempts: 1, lastAttempt: past, errorMessage: "451 later" })
    executionStorage.set("a", tried)
    expect(executionStorage.get("a")).toEqual(tried)
    await restart()
    expect(executionStorage.getAll()).toEqual([tried])
    expect(await executionMonitor.forceProcessExecution("a")).toBe(true)
    const second = executionStorage.get("a")
    expect(second).toMatchObject({ status: "scheduled", attempts: 2, errorMessage: "450 busy" })
    const delay = (second?.scheduledFor.getTime() ?? 0) - (second?.lastAttempt?.getTime() ?? 0)
    expect(delay).toBeGreaterThanOrEqual(675_000)
    expect(delay).toBeLessThan(685_000)
    await executionMonitor.forceProcessExecution("a")
    expect(executionStorage.get("a")).toMatchObject({ status: "failed", attempts: 3 })
  })

  test("tries that the host set back begin anew", async () => {
    await configure(storage, { outcome: () => busy })
    executionStorage.set("a", executionOf({ id: "a" }))
    for (let count = 0; count < 3; count += 1) await executionMonitor.forceProcessExecution("a")
    const failed = executionStorage.get("a") ?? executionOf()
    expect(failed).toMatchObject({ status: "failed", attempts: 3 })
    retryManager.resetAttempts(failed)
    retryManager.scheduleRetry(failed)
    expect(executionStorage.get("a")).toMatchObject({ status: "scheduled", attempts: 0 })
    for (const [attempts, status] of [
      [1, "scheduled"],
      [2, "scheduled"],
      [3, "failed"],
    ] as const) {
      await executionMonitor.forceProcessExecution("a")
      expect(executionStorage.get("a")).toMatchObject({ attempts, status })
    }
  })

  test("the status of an unknown one cannot be changed, nor can it be deleted", async () => {
    await configure(storage)
    expect(executionStorage.updateStatus("nobody", "completed")).toBe(false)
    expect(executionStorage.delete("nobody")).toBe(false)
  })

  test("what is deleted or cleared is gone from the list and is never sent, also after a restart", async () => {
    const { inbox, restart } = await configure(storage)
    executionStorage.set("a", executionOf({ id: "a", scheduledFor: past }))
    executionStorage.set("b", executionOf({ id: "b", status: "completed" }))
    expect(executionStorage.delete("a")).toBe(true)
    expect(executionStorage.delete("a")).toBe(false)
    expect(executionStorage.getAll().map(({ id }) => id)).toEqual(["b"])
    executionStorage.clear()
    expect(executionStorage.size()).toBe(0)
    await restart()
    await executionMonitor.start()
    executionStorage.set("c", executionOf({ id: "c", scheduledFor: past }))
    await until(() => inbox.count === 1)
    expect(executionStorage.getAll().map(({ id }) => id)).toEqual(["c"])
  })

  test("everything is there again after a restart", async () => {
    const { restart } = await configure(storage)
    executionStorage.set("a", executionOf({ id: "a" }))
    executionStorage.set(
      "b",
      executionOf({ id: "b", status: "failed", errorMessage: "550", lastAttempt: past, attempts: 2 }),
    )
    const before = executionStorage.getAll()
    await restart()
    expect(executionStorage.getAll()).toEqual(expect.arrayContaining(before))
    expect(executionStorage.size()).toBe(2)
  })

  test("what is read is a copy: changing it changes nothing", async () => {
    await configure(storage)
    executionStorage.set("a", executionOf({ id: "a" }))
    const read = executionStorage.get("a")
    if (read !== undefined) read.status = "completed"
    executionStorage.getAll()[0]?.scheduledFor.setFullYear(2000)
    expect(executionStorage.get("a")).toEqual(executionOf({ id: "a" }))
    const given = executionOf({ id: "b", status: "failed", scheduledFor: new Date(later), lastAttempt: new Date(past) })
    executionStorage.set("b", given)
    given.scheduledFor.setFullYear(2000)
    executionStorage.get("b")?.lastAttempt?.setFullYear(2000)
    expect(executionStorage.get("b")).toMatchObject({ scheduledFor: later, lastAttempt: past })
  })

  test("memory holds as many ended ones as asked; the twins read the rest from the storage", async () => {
    await configure(storage, { keepEnded: 2 })
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1)
      ids.push(await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past))
    await executionMonitor.start()
    await until(() => executionStorage.getStatusCounts().completed === 5)
    expect(executionStorage.getAll()).toHaveLength(2)
    expect(executionStorage.size()).toBe(5)
    expect(await executionStorage.getAllAsync()).toHaveLength(5)
    for (const id of ids) expect(executionStorage.get(id)?.status).toBe("completed")
    const [first = "", second = ""] = ids
    expect(executionStorage.updateStatus(first, "failed", "bounced")).toBe(true)
    expect(executionStorage.getStatusCounts()).toMatchObject({ completed: 4, failed: 1 })
    expect(executionStorage.delete(second)).toBe(true)
    expect(executionStorage.get(second)).toBeUndefined()
    expect(await executionStorage.getAllAsync()).toHaveLength(4)
    executionStorage.set(first, executionOf({ id: first }))
    expect(executionStorage.getStatusCounts()).toEqual({ scheduled: 1, executing: 0, completed: 3, failed: 0 })
    executionStorage.clear()
    expect(executionStorage.size()).toBe(0)
    expect(await executionStorage.getAllAsync()).toEqual([])
    for (const id of ids) expect(executionStorage.get(id)).toBeUndefined()
  })

  test("what the host wrote itself is found and listed too when memory no longer holds it", async () => {
    await configure(storage, { keepEnded: 1 })
    for (const id of ["a", "b", "c"]) executionStorage.set(id, executionOf({ id, status: "completed" }))
    expect(executionStorage.get("a")).toEqual(executionOf({ id: "a", status: "completed" }))
    expect((await executionStorage.getAllAsync()).map(({ id }) => id).sort()).toEqual(["a", "b", "c"])
    expect(executionStorage.updateStatus("a", "scheduled")).toBe(true)
    expect(executionStorage.getStatusCounts()).toEqual({ scheduled: 1, executing: 0, completed: 2, failed: 0 })
    expect(executionStorage.delete("b")).toBe(true)
    expect(executionStorage.size()).toBe(2)
  })

  test("one that failed, is no longer held and is sent again is counted once", async () => {
    await configure(storage, { keepEnded: 0, outcome: (attempt) => (attempt === 1 ? gone : { type: "accepted" }) })
    await executionMonitor.start()
    const ids = [
      await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past),
      await executionScheduler.scheduleEmailCampaign("spring", "bob", "hello", past),
    ]
    await until(() => executionStorage.getStatusCounts().failed === 2)
    const runtime = await compat.runtime()
    for (const id of ids) expect(await runtime.executions.retry(id)).toBe("applied")
    await until(() => executionStorage.getStatusCounts().completed === 2)
    expect(executionStorage.getStatusCounts()).toEqual({ scheduled: 0, executing: 0, completed: 2, failed: 0 })
    expect(executionMonitor.getExecutionStats("spring").total).toBe(2)
  })

  test("lists keep their order whatever becomes of their executions", async () => {
    await configure(storage)
    for (const id of ["a", "b", "c"]) executionStorage.set(id, executionOf({ id }))
    executionStorage.updateStatus("a", "failed")
    executionStorage.set("b", executionOf({ id: "b", scheduledFor: past }))
    for (const list of [executionStorage.getAll(), executionStorage.getByLead("ann")])
      expect(list.map(({ id }) => id)).toEqual(["a", "b", "c"])
  })
})

test("on a storage that answers with Promises the twins do it, and the others name them", async () => {
  const plain = memory()
  await configure("memory", {
    storage: {
      ...plain,
      name: "slow",
      capabilities: { ...plain.capabilities, sync: false },
      open: async (options) => plain.open(options),
    },
  })
  expect(() => executionStorage.set("a", executionOf({ id: "a" }))).toThrow(
    expect.objectContaining({ code: "not-synchronous", message: expect.stringContaining("executionStorage.setAsync") }),
  )
  await executionStorage.setAsync("a", executionOf({ id: "a" }))
  expect(executionStorage.get("a")?.status).toBe("scheduled")
  expect(await executionStorage.getAsync("a")).toEqual(executionOf({ id: "a" }))
  expect(await executionStorage.updateStatusAsync("a", "failed", "no")).toBe(true)
  expect(executionStorage.getStatusCounts().failed).toBe(1)
  expect(await executionStorage.deleteAsync("a")).toBe(true)
  await executionStorage.setAsync("b", executionOf({ id: "b" }))
  await executionStorage.clearAsync()
  expect(executionStorage.size()).toBe(0)
  const { resetCompat } = await import("sendstate/compat")
  await resetCompat()
})
