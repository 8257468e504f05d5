import type { CampaignInput } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { describe, expect, test } from "vitest"
import { campaign, crowd, door, hurry, openCampaign, openWorld, people, transportOf, type World } from "./world.ts"

const subjects = ({ inbox }: World, name: string) =>
  inbox.sent
    .filter(({ message }) => message.to.address.startsWith(`${name}@`))
    .map(({ message }) => message.subject.split(" ")[0])

const lead = (name: string) => `${name}@example.test`

/** Hours are milliseconds. */
const fast = { speed: 3_600_000 }

describe("conditions", () => {
  test("are asked of the lead when the mail is due: what is false is skipped, and the next step follows", async () => {
    const steps: CampaignInput["steps"] = [
      { template: "hello" },
      { template: "nudge", after: "1 hour", when: { lead: "plan", equals: "pro" } },
      { template: "last", after: "1 hour", when: { all: [{ lead: "seats", above: 2 }, { not: { lead: "churned" } }] } },
    ]
    const world = await openCampaign({ steps }, fast)
    await world.spring.enroll([
      { email: lead("ann"), data: { plan: "pro", seats: 3 } },
      { email: lead("bob"), data: { plan: "free", seats: "7" } },
      { email: lead("cyd"), data: { plan: "pro", seats: 9, churned: true } },
    ])
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({
      planned: 9,
      sent: 7,
      skipped: 2,
      enrollments: { finished: 3 },
    })
    expect(subjects(world, "ann")).toEqual(["Hello", "Nudge", "Last"])
    expect(subjects(world, "bob")).toEqual(["Hello", "Last"])
    expect(subjects(world, "cyd")).toEqual(["Hello", "Nudge"])
    const skipped = (await world.executions()).find(({ leadId, step }) => leadId === lead("bob") && step === 1)
    expect((await world.runtime.explain(skipped?.id ?? "")).summary).toContain("condition: ")
    const { history } = await world.runtime.explain(skipped?.id ?? "")
    expect(history.at(-1)?.text).toBe('skipped (condition): "not plan is \\"pro\\""')
  })

  test("are asked of what happened, since the lead was enrolled", async () => {
    const steps: CampaignInput["steps"] = [
      { template: "hello" },
      { template: "nudge", after: "1 day", when: { not: { event: "clicked" } } },
    ]
    const world = await openCampaign({ steps })
    await world.runtime.campaigns.create(campaign({ id: "autumn" }))
    await world.runtime.signal({ lead: lead("bob"), event: "clicked", at: Date.now() - 60_000 })
    await world.spring.enroll(people("ann", "bob", "cyd"))
    await world.spring.idle()
    await world.runtime.signal({ lead: lead("ann"), event: "clicked" })
    await world.runtime.signal({ lead: lead("cyd"), event: "clicked", campaign: "autumn" })
    await hurry(world.runtime)
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({ sent: 5, skipped: 1 })
    expect(subjects(world, "ann")).toEqual(["Hello"])
    expect(subjects(world, "bob")).toEqual(["Hello", "Nudge"])
    expect(subjects(world, "cyd")).toEqual(["Hello", "Nudge"])
  })

  test("a fork sends the mails of one side, then both go on together", async () => {
    const steps: CampaignInput["steps"] = [
      { template: "hello" },
      {
        if: { event: "clicked" },
        after: "1 day",
        do: [{ template: "dated" }],
        else: [{ template: "nudge" }, { template: "picky", after: "1 hour" }],
      },
      { template: "last" },
    ]
    const world = await openCampaign({ steps, variables: { city: "Rome" } })
    await world.spring.enroll(people("ann", "bob"))
    await world.spring.idle()
    await world.runtime.signal({ lead: lead("ann"), event: "clicked" })
    await hurry(world.runtime)
    await world.spring.idle()
    await hurry(world.runtime)
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({ sent: 7, skipped: 1, enrollments: { finished: 2 } })
    expect(subjects(world, "ann")).toEqual(["Hello", "Dated", "Last"])
    expect(subjects(world, "bob")).toEqual(["Hello", "Nudge", "Offer", "Last"])
  })
})

describe("waiting for an event", () => {
  const steps: CampaignInput["steps"] = [
    { template: "hello" },
    { template: "nudge", waitUntil: { event: "trial.started", timeout: "30 days" } },
  ]

  test("ends when it is signalled; others wait for their timeout, and say for what", async () => {
    const world = await openCampaign({ steps })
    await world.spring.enroll(people("ann", "bob"))
    await world.spring.idle()
    expect(await world.runtime.signal({ lead: lead("ann"), event: "trial.started" })).toMatchObject({ released: 1 })
    expect(await world.spring.idle()).toMatchObject({ sent: 3, scheduled: 1 })
    expect(subjects(world, "ann")).toEqual(["Hello", "Nudge"])
    const waiting = (await world.executions()).find(({ state }) => state === "scheduled")
    expect((await world.runtime.explain(waiting?.id ?? "")).summary).toContain("waiting: trial.started, or its timeout")
  })

  test("an event that comes while the mail before is under way is not missed", async () => {
    const { opened, open } = door()
    const world = await openCampaign(
      { steps },
      {
        transport: transportOf(async (message, { handoff }) => {
          if (message.subject.startsWith("Hello")) await opened
          handoff()
          return { type: "accepted" }
        }),
      },
    )
    await world.spring.enroll(people("ann"))
    await world.until((event) => event.type === "execution" && event.state === "sending.attempting")
    await world.runtime.signal({ lead: lead("ann"), event: "trial.started" })
    open()
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({ sent: 2 })
  })
})

describe("exits and goals", () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "1 day" }]

  test("cancel what is not sent and end the enrollment; a goal finishes it", async () => {
    const world = await openCampaign({ steps, exit: ["replied", "left"], goal: "bought" })
    await world.spring.enroll(people("ann", "bob", "cyd"))
    await world.spring.idle()
    expect(await world.runtime.signal({ lead: lead("ann"), event: "left" })).toMatchObject({ cancelled: 1 })
    expect(await world.runtime.signal({ lead: lead("bob"), event: "bought" })).toMatchObject({ cancelled: 1 })
    expect(await world.runtime.signal({ lead: lead("cyd"), event: "opened" })).toMatchObject({ cancelled: 0 })
    await hurry(world.runtime)
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({
      sent: 4,
      cancelled: 2,
      enrollments: { active: 0, finished: 2, ended: 1 },
    })
  })

  test("an exit while a mail is under way lets nothing follow it", async () => {
    const { opened, open } = door()
    const world = await openCampaign(
      { steps: [{ template: "hello" }, { template: "nudge" }], exit: "replied" },
      {
        transport: transportOf(async (_message, { handoff }) => {
          await opened
          handoff()
          return { type: "accepted" }
        }),
      },
    )
    await world.spring.enroll(people("ann"))
    await world.until((event) => event.type === "execution" && event.state === "sending.attempting")
    await world.runtime.signal({ lead: lead("ann"), event: "replied" })
    open()
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({ planned: 1, sent: 1, enrollments: { active: 0 } })
  })

  test("a signal that a process left half done is finished by the next one", async () => {
    const storage = memoryStorage()
    const world = await openCampaign({ steps, exit: "replied" }, { storage })
    await world.spring.enroll(people("ann"))
    await world.spring.idle()
    await world.runtime.close()
    const driver = await storage.open({ mode: "own", now: Date.now })
    await driver.writeDocuments([
      { kind: "signal", key: "s1", value: { lead: lead("ann"), event: "replied", at: Date.now(), campaign: null } },
    ])
    await driver.close()
    const next = await openWorld({ storage })
    await next.until((event) => event.type === "execution" && event.state === "cancelled")
    expect(await next.runtime.signal({ lead: lead("ann"), event: "replied", id: "s1" })).toMatchObject({ isNew: false })
  })
})

test("what comes back about a mail is an event of its campaign, named as it is", async () => {
  const steps = [{ template: "hello" }, { template: "nudge", after: "1 day" }]
  const world = await openCampaign({ steps, exit: ["bounced", "unsubscribed"], goal: "clicked" })
  await world.spring.enroll(people("ann", "bob", "cyd", "dan"))
  await world.spring.idle()
  const sentTo = async (name: string) =>
    (await world.executions()).find(({ leadId, step }) => leadId === lead(name) && step === 0)?.id ?? ""
  const soft = { kind: "soft" } as const
  await world.runtime.receiveFeedback([
    { id: "1", type: "bounced", executionId: await sentTo("ann"), bounce: soft },
    { id: "2", type: "clicked", executionId: await sentTo("bob") },
    { id: "3", type: "opened", executionId: await sentTo("cyd") },
  ])
  await world.runtime.unsubscribe({ leadId: lead("dan"), topic: null, executionId: await sentTo("dan") })
  expect(await world.spring.idle()).toMatchObject({
    sent: 4,
    cancelled: 3,
    scheduled: 1,
    enrollments: { active: 1, finished: 1, ended: 2 },
  })
})

test("the same signal again does nothing, also after a restart", async () => {
  const steps: CampaignInput["steps"] = [{ template: "hello", waitUntil: { event: "go", timeout: "9 days" } }]
  const world = await openCampaign({ steps, reentry: "always" })
  await world.spring.enroll(people("ann"))
  const signal = { lead: lead("ann"), event: "go", id: "go-1" }
  expect(await world.runtime.signal(signal)).toEqual({
    isNew: true,
    released: 1,
    cancelled: 0,
    enrolled: 0,
    started: 0,
  })
  await world.spring.idle()
  await world.spring.enroll(people("ann"))
  const { runtime } = await world.restart()
  expect(await runtime.signal(signal)).toEqual({ isNew: false, released: 0, cancelled: 0, enrolled: 0, started: 0 })
})

test("a lead may come again as the campaign says, once its enrollment has ended", async () => {
  const enrolledBy = async (reentry: CampaignInput["reentry"]) => {
    const { spring } = await openCampaign({ reentry, exit: "never-mind" })
    await spring.enroll(people("ann"))
    const meanwhile = await spring.enroll(people("ann"))
    await spring.idle()
    const later = await spring.enroll(people("ann"))
    await spring.idle()
    return [meanwhile.enrolled, later.enrolled]
  }
  expect(await enrolledBy("never")).toEqual([0, 0])
  expect(await enrolledBy("always")).toEqual([0, 1])
  expect(await enrolledBy({ after: "1 day" })).toEqual([0, 0])
  expect(await enrolledBy({ after: 1 })).toEqual([0, 1])
})

test("under one entry a lead is enrolled at most once, whatever re-entry says, and with another one as it says", async () => {
  const { spring } = await openCampaign({ reentry: "always" })
  const enroll = async (options: Parameters<typeof spring.enroll>[1]) => {
    const { enrolled } = await spring.enroll(people("ann", "bob"), options)
    await spring.idle()
    return enrolled
  }
  expect(await enroll({ entry: "may" })).toBe(2)
  expect(await enroll({ entry: "may" })).toBe(0)
  expect(await enroll({ again: false })).toBe(0)
  expect(await enroll({ entry: "june" })).toBe(2)
  expect(await enroll({ entry: "may" })).toBe(0)
  expect(await enroll({})).toBe(2)
  await expect(enroll({ entry: "" })).rejects.toMatchObject({ _tag: "InvalidInput", issues: [{ path: "entry" }] })

  const never = await openCampaign({})
  expect(await never.spring.enroll(people("ann"), { entry: "may" })).toMatchObject({ enrolled: 1 })
  expect(await never.spring.enroll(people("ann"), { entry: "june" })).toMatchObject({ enrolled: 0 })
})

test("a lead that its source has twice is enrolled once, though it might come again at once", async () => {
  const { spring } = await openCampaign({ reentry: "always" })
  async function* source() {
    yield* crowd(500)
    await spring.idle()
    yield* crowd(500)
  }
  expect(await spring.enroll(source())).toMatchObject({ enrolled: 500, duplicates: 500 })
})

test("a source that fails half way, given again under its entry, goes on where it was", async () => {
  const { spring } = await openCampaign({ reentry: "always" })
  function* broken() {
    yield* crowd(500)
    throw new Error("the file is gone")
  }
  await expect(spring.enroll(broken(), { entry: "may" })).rejects.toThrow("with the same entry")
  await spring.idle()
  expect(await spring.enroll(crowd(700), { entry: "may" })).toMatchObject({ enrolled: 200, duplicates: 500 })
})

test("each lead gets its variant, always the same, in proportion to the weights; those held out get nothing", async () => {
  const steps: CampaignInput["steps"] = [
    { name: "subject", variants: { short: "hello", long: { template: "nudge", weight: 3 } } },
  ]
  const leads = Array.from({ length: 400 }, (_, index) => ({ email: `lead${index}@example.test` }))
  const sentBy = async () => {
    const world = await openCampaign({ steps, holdout: 0.25 })
    await world.spring.enroll(leads)
    await world.spring.close()
    expect(await world.spring.completed()).toMatchObject({ planned: 400, enrollments: { finished: 400 } })
    return new Map(world.inbox.sent.map(({ message }) => [message.to.address, message.subject.split(" ")[0]]))
  }
  const first = await sentBy()
  expect(await sentBy()).toEqual(first)
  const short = [...first.values()].filter((subject) => subject === "Hello").length
  expect(first.size).toBeGreaterThan(270)
  expect(first.size).toBeLessThan(330)
  expect(short / first.size).toBeGreaterThan(0.18)
  expect(short / first.size).toBeLessThan(0.32)
})

describe("triggers", () => {
  test("an event, a new status and an inbound mail enroll a lead, each once", async () => {
    const world = await openWorld()
    const { runtime } = world
    const create = (id: string, trigger: NonNullable<CampaignInput["triggers"]>[number]) =>
      runtime.campaigns.create(campaign({ id, triggers: [trigger] }))
    await create("welcome", { event: "signed-up", when: { lead: "plan", equals: "pro" } })
    await create("sales", { status: "qualified" })
    await create("answer", { mail: { subject: "price", from: "@example.test" } })
    await runtime.leads.put({ email: lead("ann"), status: "new", data: { plan: "pro" } })
    await runtime.leads.put({ email: lead("bob"), status: "new", data: { plan: "free" } })

    expect(await runtime.signal({ lead: lead("ann"), event: "signed-up", id: "1" })).toMatchObject({ enrolled: 1 })
    expect(await runtime.signal({ lead: lead("ann"), event: "signed-up", id: "1" })).toMatchObject({ isNew: false })
    expect(await runtime.signal({ lead: lead("bob"), event: "signed-up", id: "2" })).toMatchObject({ enrolled: 0 })
    await runtime.leads.put({ email: lead("bob"), status: "qualified" })
    await runtime.leads.put({ email: lead("bob"), status: "qualified" })
    const message = { messageId: "m1", from: "Cyd <Cyd@example.test>", subject: "Your PRICE list?" }
    expect(await runtime.receive(message)).toMatchObject({ lead: lead("cyd"), enrolled: 1 })
    expect(await runtime.receive(message)).toMatchObject({ enrolled: 0 })
    expect(await runtime.receive({ ...message, messageId: "m2", from: "eve@elsewhere.test" })).toMatchObject({
      lead: null,
    })

    const rows = await world.executions()
    expect(rows.map(({ campaignId, leadId }) => `${campaignId} ${leadId}`).sort()).toEqual([
      `answer ${lead("cyd")}`,
      `sales ${lead("bob")}`,
      `welcome ${lead("ann")}`,
    ])
  })

  test("an answer to a mail is an event of its campaign, known by the Message-ID that it refers to", async () => {
    const steps = [{ template: "hello" }, { template: "nudge", after: "1 day" }]
    const world = await openCampaign({ steps, exit: "replied" })
    await world.spring.enroll([{ id: "a1", email: lead("ann") }])
    await world.spring.idle()
    const [mail] = world.inbox.sent
    const answer = {
      messageId: "<x@y>",
      from: "other@elsewhere.test",
      references: ["<z@y>", mail?.message.messageId ?? ""],
    }
    expect(await world.runtime.receive(answer)).toMatchObject({ lead: "a1", cancelled: 1 })
  })
})

test.each([
  ["lead", { lead: "", event: "clicked" }],
  ["event", { lead: "a", event: "two words" }],
  ["at", { lead: "a", event: "clicked", at: Number.NaN }],
])("a signal with a wrong %s is refused", async (field, signal) => {
  const { runtime } = await openWorld()
  await expect(runtime.signal(signal)).rejects.toMatchObject({ _tag: "InvalidInput", issues: [{ path: field }] })
})
