import { executionMonitor, executionScheduler, executionStorage } from "sendstate/compat"
import { expect, test } from "vitest"
import { busy, configure, executionOf, later, onEachStorage, past, until } from "./engine.ts"

onEachStorage((storage) => {
  test("scheduleEmailCampaign answers an id under which the execution is there at once", async () => {
    await configure(storage)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
    expect(executionMonitor.getExecutionStatus(id)).toEqual(executionOf({ id }))
  })

  test("the same lead and template twice are two mails", async () => {
    const { inbox } = await configure(storage)
    const first = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    const second = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    expect(first).not.toBe(second)
    await executionMonitor.start()
    await until(() => inbox.count === 2)
  })

  test("no mail is scheduled for a date that is none, or without ids", async () => {
    await configure(storage)
    await expect(executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", new Date("?"))).rejects.toThrow(
      /Date/,
    )
    await expect(executionScheduler.scheduleEmailCampaign("spring", "", "hello", later)).rejects.toThrow(/leadId/)
    expect(executionStorage.size()).toBe(0)
  })

  test("scheduleLeadCampaign sends the first now and each next a day later", async () => {
    await configure(storage)
    const ids = await executionScheduler.scheduleLeadCampaign("ann", "spring", ["hello", "nudge", "hello"])
    const times = ids.map((id) => executionStorage.get(id)?.scheduledFor.getTime() ?? 0)
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 86_400_000, 172_800_000])
    expect(executionScheduler.getDueExecutions().map(({ id }) => id)).toEqual([ids[0]])
    expect(await executionScheduler.scheduleLeadCampaign("ann", "spring", [])).toEqual([])
  })

  test("scheduleRetry moves the execution, and tries a failed one again", async () => {
    const { inbox } = await configure(storage, {
      retry: { maxAttempts: 1 },
      outcome: (attempt) => (attempt === 1 ? busy : { type: "accepted" }),
    })
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    await executionMonitor.start()
    await until(() => executionStorage.get(id)?.status === "failed")
    const failed = executionStorage.get(id)
    if (failed === undefined) throw new Error("it is gone")
    executionScheduler.scheduleRetry(failed, 3_600_000)
    expect(failed.status).toBe("scheduled")
    expect(executionStorage.get(id)).toMatchObject({ status: "scheduled", scheduledFor: failed.scheduledFor })
    executionScheduler.scheduleRetry(failed, 0)
    await until(() => executionStorage.get(id)?.status === "completed")
    expect(inbox.count).toBe(1)
    await executionScheduler.scheduleRetryAsync(executionOf({ id: "new" }), 60_000)
    expect(executionStorage.get("new")?.status).toBe("scheduled")
  })

  test("cancelExecution is true only for a scheduled one, which is then no longer listed and never sent", async () => {
    const { inbox, restart } = await configure(storage)
    const id = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past)
    expect(executionScheduler.cancelExecution(id)).toBe(true)
    expect(executionScheduler.cancelExecution(id)).toBe(false)
    expect(executionScheduler.cancelExecution("nobody")).toBe(false)
    expect(executionStorage.get(id)).toBeUndefined()
    const sent = await executionScheduler.scheduleEmailCampaign("spring", "bob", "hello", past)
    await executionMonitor.start()
    await until(() => executionStorage.get(sent)?.status === "completed")
    expect(executionScheduler.cancelExecution(sent)).toBe(false)
    expect(await executionScheduler.cancelExecutionAsync(sent)).toBe(false)
    expect(inbox.count).toBe(1)
    await restart()
    expect(executionStorage.getAll().map((one) => one.id)).toEqual([sent])
  })

  test("cancelExecutions turns the scheduled ones of a campaign or lead into failed ones and counts them", async () => {
    const { restart } = await configure(storage)
    const annSpring = await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
    const bobSpring = await executionScheduler.scheduleEmailCampaign("spring", "bob", "hello", later)
    const annOther = await executionScheduler.scheduleEmailCampaign("other", "ann", "hello", later)
    expect(executionScheduler.cancelExecutions("nowhere")).toBe(0)
    expect(executionScheduler.cancelExecutions("spring", "bob")).toBe(1)
    expect(executionStorage.get(bobSpring)).toMatchObject({ status: "failed", errorMessage: "Cancelled by user" })
    expect(executionScheduler.cancelExecutions(undefined, "ann")).toBe(2)
    expect(await executionScheduler.cancelExecutionsAsync()).toBe(0)
    await restart()
    for (const id of [annSpring, bobSpring, annOther])
      expect(executionStorage.get(id)).toMatchObject({ status: "failed", errorMessage: "Cancelled by user" })
  })

  test("cancelExecutions of very many shows them all as failed at once, also after a restart, and none is sent", async () => {
    const { inbox, restart } = await configure(storage, { keepEnded: 200 })
    const ids: Array<string> = []
    for (let index = 0; index < 300; index += 1)
      ids.push(await executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", past))
    const other = await executionScheduler.scheduleEmailCampaign("other", "bob", "hello", past)
    expect(executionScheduler.cancelExecutions("spring")).toBe(300)
    expect(executionScheduler.cancelExecutions("spring")).toBe(0)
    expect(executionMonitor.getExecutionStats("spring")).toMatchObject({ total: 300, scheduled: 0, failed: 300 })
    expect(executionMonitor.getHealthStatus()).toMatchObject({ pendingExecutions: 1, failedExecutions: 300 })
    const cancelled = { status: "failed", errorMessage: "Cancelled by user" }
    for (const id of ids) expect(executionStorage.get(id)).toMatchObject(cancelled)
    await restart()
    for (const id of ids) expect(executionStorage.get(id)).toMatchObject(cancelled)
    expect(executionMonitor.getExecutionStats("spring")).toMatchObject({ scheduled: 0, failed: 300 })
    await executionMonitor.start()
    await until(() => executionStorage.get(other)?.status === "completed")
    expect(inbox.count).toBe(1)
    for (const id of ids) expect(await executionMonitor.getExecutionStatusAsync(id)).toMatchObject(cancelled)
  })
})
