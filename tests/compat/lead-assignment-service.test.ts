import { compat, DEFAULT_TEMPLATE_SEQUENCE, executionStorage, leadAssignmentService } from "sendstate/compat"
import { expect, test } from "vitest"
import { ann, configure, onEachStorage } from "./engine.ts"

const templatesOf = (leadId: string): string[] =>
  executionStorage
    .getByLead(leadId)
    .sort((left, right) => left.scheduledFor.getTime() - right.scheduledFor.getTime())
    .map(({ templateId }) => templateId)

onEachStorage((storage) => {
  test("a campaign without a sequence of its own sends the default one, a day apart", async () => {
    await configure(storage)
    await leadAssignmentService.triggerCampaign("spring", ["ann", "bob"])
    expect(templatesOf("ann")).toEqual(DEFAULT_TEMPLATE_SEQUENCE)
    expect(templatesOf("bob")).toEqual(DEFAULT_TEMPLATE_SEQUENCE)
    expect((await compat.leads.get("ann"))?.campaignId).toBe("spring")
  })

  test("the campaign's own sequence wins over the default, the given one over both", async () => {
    await configure(storage)
    await compat.campaigns.put({
      id: "own",
      settings: { touchSequence: [{ templateId: "hello" }, { templateId: "nudge" }] },
    })
    await leadAssignmentService.triggerCampaign("own", ["ann"])
    await leadAssignmentService.triggerCampaign("own", ["bob"], ["nudge"])
    expect(templatesOf("ann")).toEqual(["hello", "nudge"])
    expect(templatesOf("bob")).toEqual(["nudge"])
  })

  test("an unknown or inactive campaign is refused by name and mails nobody", async () => {
    await configure(storage)
    await expect(leadAssignmentService.triggerCampaign("nowhere", ["ann"])).rejects.toThrow(/nowhere/)
    await expect(leadAssignmentService.triggerCampaign("winter", ["ann"])).rejects.toThrow(/winter/)
    expect(executionStorage.size()).toBe(0)
    await leadAssignmentService.triggerCampaign("spring", [])
    expect(executionStorage.size()).toBe(0)
  })

  test("autoAssignLeads assigns new leads without a campaign to the first active campaign, once", async () => {
    await configure(storage)
    await compat.campaigns.put({ id: "autumn", status: "archived" })
    await compat.leads.put({ ...ann, id: "old", email: "old@example.test", status: "customer" })
    await compat.leads.put({ ...ann, id: "taken", email: "taken@example.test", campaignId: "winter" })
    await leadAssignmentService.autoAssignLeads()
    await leadAssignmentService.autoAssignLeads()
    expect(executionStorage.getByCampaign("spring")).toHaveLength(8)
    expect(templatesOf("ann")).toEqual(DEFAULT_TEMPLATE_SEQUENCE)
    expect(templatesOf("old")).toEqual([])
    expect(templatesOf("taken")).toEqual([])
  })

  test("autoAssignLeads never rejects: what fails is a warning", async () => {
    const { warnings } = await configure(storage, {
      leads: {
        get: async () => undefined,
        listUnassigned: async () => {
          throw new Error("database is away")
        },
        assign: async () => {},
      },
    })
    await leadAssignmentService.autoAssignLeads()
    expect(warnings.join()).toContain("database is away")
    await compat.campaigns.put({ id: "spring", status: "paused" })
    await leadAssignmentService.autoAssignLeads()
  })

  test("a lead that was removed from its campaign is assigned anew", async () => {
    const { restart } = await configure(storage)
    await compat.campaigns.put({ id: "spring", settings: { touchSequence: [{ templateId: "hello" }] } })
    await leadAssignmentService.autoAssignLeads()
    await leadAssignmentService.removeLeadFromCampaign("ann")
    await restart()
    await leadAssignmentService.autoAssignLeads()
    await leadAssignmentService.autoAssignLeads()
    expect(
      executionStorage
        .getByLead("ann")
        .map(({ status }) => status)
        .sort(),
    ).toEqual(["failed", "scheduled"])
    expect(executionStorage.getByLead("bob")).toHaveLength(1)
    expect((await compat.leads.get("ann"))?.campaignId).toBe("spring")
  })

  test("a lead whose assignment cannot be noted is assigned once, however often it comes again", async () => {
    const { warnings } = await configure(storage, {
      leads: {
        get: async () => ann,
        listUnassigned: async () => [ann],
        assign: async () => {
          throw new Error("database is read-only")
        },
      },
    })
    await leadAssignmentService.autoAssignLeads()
    await leadAssignmentService.autoAssignLeads()
    expect(templatesOf("ann")).toEqual(DEFAULT_TEMPLATE_SEQUENCE)
    expect(warnings.join()).toContain("read-only")
  })

  test("a campaign of the native API is triggered too: its own steps say what is sent, a given sequence wins", async () => {
    await configure(storage)
    const runtime = await compat.runtime()
    const drip = await runtime.campaigns.create({
      id: "drip",
      from: "a@acme.test",
      steps: [{ template: "hello" }, { template: "nudge", after: "3 days" }],
    })
    await leadAssignmentService.triggerCampaign("drip", ["ann", "bob"])
    expect([templatesOf("ann"), templatesOf("bob")]).toEqual([["hello"], ["hello"]])
    expect((await drip.stats()).enrollments).toMatchObject({ active: 2 })
    expect((await compat.leads.get("ann"))?.campaignId).toBe("drip")
    await leadAssignmentService.triggerCampaign("drip", ["ann"], ["nudge"])
    expect(templatesOf("ann")).toEqual(["hello", "nudge"])
    await drip.pause()
    await expect(leadAssignmentService.triggerCampaign("drip", ["bob"])).rejects.toThrow(/drip.*paused/)
    // One that exists only because a mail was scheduled in it is no campaign of the host.
    await compat.executionScheduler.scheduleEmailCampaign("made-up", "ann", "hello", new Date("2090-01-01"))
    await expect(leadAssignmentService.triggerCampaign("made-up", ["bob"])).rejects.toThrow(/made-up/)
  })

  test("removeLeadFromCampaign cancels what is scheduled for the lead", async () => {
    await configure(storage)
    await leadAssignmentService.triggerCampaign("spring", ["ann", "bob"], ["hello", "nudge"])
    await leadAssignmentService.removeLeadFromCampaign("ann")
    expect(executionStorage.getByLead("ann").map(({ status, errorMessage }) => [status, errorMessage])).toEqual([
      ["failed", "Cancelled by user"],
      ["failed", "Cancelled by user"],
    ])
    expect(executionStorage.getByLead("bob").every(({ status }) => status === "scheduled")).toBe(true)
    expect((await compat.leads.get("ann"))?.campaignId).toBeNull()
    await leadAssignmentService.removeLeadFromCampaign("nobody")
  })
})
