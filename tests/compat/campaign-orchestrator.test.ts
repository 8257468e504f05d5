import engine, {
  CampaignExecutionEngine,
  CampaignOrchestrator,
  campaignExecutionEngine,
  campaignOrchestrator,
  compat,
  configureCompat,
  createCompat,
  executionMonitor,
  executionStorage,
  resetCompat,
} from "sendstate/compat"
import { memory } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { configure, executionOf, later, onEachStorage, past, until } from "./engine.ts"

test("the engine goes by three names", () => {
  expect(engine).toBe(campaignOrchestrator)
  expect(campaignExecutionEngine).toBe(campaignOrchestrator)
  expect(CampaignExecutionEngine).toBe(CampaignOrchestrator)
  expect(campaignOrchestrator).toBeInstanceOf(CampaignOrchestrator)
})

onEachStorage((storage) => {
  test("whom the runtime forgets is gone from leads and communications too", async () => {
    await configure(storage)
    await campaignOrchestrator.start()
    await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", past)
    await campaignOrchestrator.scheduleEmailCampaign("spring", "bob", "hello", past)
    await until(async () => (await compat.communications.list()).length === 2)
    const runtime = await compat.runtime()
    expect(await runtime.forgetLead("ann")).toMatchObject({ forgotten: 1, settings: 2 })
    expect(await compat.leads.get("ann")).toBeUndefined()
    expect((await compat.leads.list()).map(({ id }) => id)).toEqual(["bob"])
    expect((await compat.communications.list()).map(({ leadId }) => leadId)).toEqual(["bob"])
  })

  test("one mail from scheduling to its communication", async () => {
    const { inbox } = await configure(storage)
    await campaignOrchestrator.start()
    expect(campaignOrchestrator.isRunning()).toBe(true)
    const id = await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", past)
    await until(() => campaignOrchestrator.getExecutionStatus(id)?.status === "completed")
    await until(async () => (await compat.communications.list("ann")).length === 1)
    expect(inbox.sent.map(({ message }) => message.to.address)).toEqual(["ann@example.test"])
    expect(await compat.communications.list()).toEqual([
      {
        leadId: "ann",
        channel: "email",
        direction: "outbound",
        subject: "Hello Ann",
        campaignId: "spring",
        templateId: "hello",
        executionId: id,
        sentAt: expect.any(Date),
      },
    ])
    await campaignOrchestrator.stop()
    expect(campaignOrchestrator.isRunning()).toBe(false)
  })

  test("a communication that cannot be recorded does not fail the execution", async () => {
    const { warnings } = await configure(storage, {
      communications: {
        record: async () => {
          throw new Error("crm is away")
        },
      },
    })
    await campaignOrchestrator.start()
    const id = await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", past)
    await until(() => warnings.some((text) => text.includes("crm is away")))
    expect(campaignOrchestrator.getExecutionStatus(id)?.status).toBe("completed")
  })

  test("a sink that never answers holds up neither the next mail nor the stop", async () => {
    const asked: string[] = []
    const { warnings } = await configure(storage, {
      communications: {
        record: ({ leadId }) => {
          asked.push(leadId)
          return new Promise(() => {})
        },
      },
    })
    const ids = [
      await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", later),
      await campaignOrchestrator.scheduleEmailCampaign("spring", "bob", "hello", later),
      await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", later),
    ]
    for (const id of ids) expect(await campaignOrchestrator.forceProcessExecution(id)).toBe(true)
    await campaignOrchestrator.stop()
    expect(asked).toEqual(["ann", "bob", "ann"])
    expect(warnings).toEqual([expect.stringContaining("longer than 5 s")])
  }, 9_000)

  test("two mails behind one execution are two communications", async () => {
    const { inbox } = await configure(storage)
    for (let count = 1; count <= 2; count += 1) {
      executionStorage.set("again", executionOf({ id: "again" }))
      expect(await campaignOrchestrator.forceProcessExecution("again")).toBe(true)
    }
    expect(inbox.count).toBe(2)
    expect((await compat.communications.list("ann")).map(({ executionId }) => executionId)).toEqual(["again", "again"])
  })

  test("executions are listed, counted, cancelled and cleared", async () => {
    await configure(storage)
    const [first, second, third] = await Promise.all(
      ["ann", "bob", "ann"].map((lead) => campaignOrchestrator.scheduleEmailCampaign("spring", lead, "hello", later)),
    )
    expect(campaignOrchestrator.getCampaignExecutions("spring")).toHaveLength(3)
    expect(campaignOrchestrator.getAllExecutions()).toHaveLength(3)
    expect(campaignOrchestrator.cancelExecution(first ?? "")).toBe(true)
    expect(await campaignOrchestrator.cancelExecutionAsync(first ?? "")).toBe(false)
    expect(await campaignOrchestrator.cancelExecutions("spring", "bob")).toBe(1)
    expect(campaignOrchestrator.getExecutionStatus(second ?? "")?.errorMessage).toBe("Cancelled by user")
    expect(await campaignOrchestrator.getExecutionStats("spring")).toMatchObject({ total: 2, scheduled: 1, failed: 1 })
    expect(campaignOrchestrator.getHealthStatus()).toMatchObject({ totalExecutions: 2, pendingExecutions: 1 })
    expect(campaignOrchestrator.getExecutionReport().upcomingExecutions.map(({ id }) => id)).toEqual([third])
    campaignOrchestrator.clearAllExecutions()
    expect(campaignOrchestrator.getAllExecutions()).toEqual([])
  })

  test("campaigns are triggered, leads assigned and removed, executions forced", async () => {
    const { inbox } = await configure(storage)
    await campaignOrchestrator.triggerCampaign("spring", ["ann"], ["hello"])
    const [execution] = campaignOrchestrator.getCampaignExecutions("spring")
    expect(await campaignOrchestrator.forceProcessExecution(execution?.id ?? "")).toBe(true)
    expect(await campaignOrchestrator.forceProcessExecution(execution?.id ?? "")).toBe(false)
    expect(inbox.count).toBe(1)
    await campaignOrchestrator.autoAssignLeads()
    expect(campaignOrchestrator.getCampaignExecutions("spring")).toHaveLength(5)
    await campaignOrchestrator.removeLeadFromCampaign("bob")
    expect(await campaignOrchestrator.getExecutionStats()).toMatchObject({ completed: 1, failed: 4 })
    await expect(campaignOrchestrator.triggerCampaign("nowhere", ["ann"])).rejects.toThrow(/nowhere/)
  })

  test("what one interface creates the other shows", async () => {
    await configure(storage)
    const runtime = await compat.runtime()
    const native = await runtime.campaigns.create({ id: "native", from: "a@acme.test", steps: [{ template: "hello" }] })
    await native.enroll([{ id: "eve", email: "eve@example.test", name: "Eve" }])
    const [shown] = campaignOrchestrator.getCampaignExecutions("native")
    expect(shown).toMatchObject({ leadId: "eve", templateId: "hello", status: "scheduled" })
    const id = await campaignOrchestrator.scheduleEmailCampaign("native", "ann", "nudge", later)
    expect(await native.stats()).toMatchObject({ planned: 2, scheduled: 2 })
    expect(await runtime.executions.cancel(id)).toBe("cancelled")
    expect(campaignOrchestrator.getExecutionStatus(id)).toBeUndefined()
    await campaignOrchestrator.start()
    await until(() => campaignOrchestrator.getExecutionStatus(shown?.id ?? "")?.status === "completed")
  })

  test("a campaign's own sender holds, whatever is called first, also after it was changed", async () => {
    const { inbox, restart } = await configure(storage)
    const senders = () => inbox.sent.map(({ message }) => message.from.address)
    const own = (from: string) =>
      compat.campaigns.put({ id: "spring", from, settings: { touchSequence: [{ templateId: "hello" }] } })
    await own("own@acme.test")
    executionStorage.set("first", executionOf({ id: "first" }))
    await campaignOrchestrator.triggerCampaign("spring", ["bob"])
    await campaignOrchestrator.start()
    await until(() => inbox.count === 1)
    expect(senders()).toEqual(["own@acme.test"])
    await restart()
    executionStorage.set("second", executionOf({ id: "second" }))
    expect(await campaignOrchestrator.forceProcessExecution("second")).toBe(true)
    await own("new@acme.test")
    await campaignOrchestrator.triggerCampaign("spring", ["ann"])
    await campaignOrchestrator.start()
    await until(() => inbox.count === 3)
    expect(senders()).toEqual(["own@acme.test", "own@acme.test", "new@acme.test"])
  })

  test("leads of the native API keep their time zone and language", async () => {
    const { inbox } = await configure(storage)
    const runtime = await compat.runtime()
    await compat.templates.put({ id: "letter", subject: "{{lead.locale}} {{lead.timeZone}}", text: "x" })
    const native = await runtime.campaigns.create({
      id: "native",
      from: "a@acme.test",
      steps: [{ template: "letter" }],
    })
    await native.enroll([{ id: "yui", email: "yui@example.test", timeZone: "Asia/Tokyo", locale: "ja" }])
    await campaignOrchestrator.start()
    await until(() => inbox.count === 1)
    expect(inbox.sent.map(({ message }) => message.subject)).toEqual(["ja Asia/Tokyo"])
  })

  test("a mail in doubt shows as executing and says so", async () => {
    await configure(storage, { outcome: () => ({ type: "unknown", stage: "data-sent" }) })
    await campaignOrchestrator.start()
    const id = await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", past)
    await until(() => campaignOrchestrator.getExecutionStatus(id)?.errorMessage !== undefined)
    expect(campaignOrchestrator.getExecutionStatus(id)).toMatchObject({
      status: "executing",
      errorMessage: expect.stringMatching(/in doubt/i),
    })
  })
})

test("several engines live side by side, each on its own", async () => {
  const one = createCompat({ storage: memory() })
  const two = createCompat({ storage: memory() })
  await one.executionScheduler.scheduleEmailCampaign("spring", "ann", "hello", later)
  expect(one.executionStorage.size()).toBe(1)
  expect(two.executionStorage.size()).toBe(0)
  await Promise.all([one.close(), two.close()])
})

test("everything but sending works without a transport; start says what to configure", async () => {
  configureCompat({ storage: memory() })
  await campaignOrchestrator.scheduleEmailCampaign("spring", "ann", "hello", later)
  expect(executionMonitor.getHealthStatus().pendingExecutions).toBe(1)
  await expect(campaignOrchestrator.start()).rejects.toThrow(/transport and from/)
  expect(campaignOrchestrator.isRunning()).toBe(false)
  expect(() => configureCompat({ storage: memory() })).toThrow(/in use/)
  await resetCompat()
})
