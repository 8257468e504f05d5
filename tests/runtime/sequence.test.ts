import { toMillis } from "sendstate/sdk"
import { expect, test } from "vitest"
import { crowd, openCampaign, people } from "./world.ts"

const sequence = {
  steps: [{ template: "hello" }, { template: "nudge", after: "1 day" }, { template: "last", after: "2 days" }],
}
const fast = { speed: 86_400_000 }

test("a sequence sends each step to each lead once, and completes", async () => {
  const { spring, inbox } = await openCampaign(sequence, fast)
  await spring.enroll(crowd(50))
  await spring.close()
  expect(await spring.completed()).toMatchObject({
    planned: 150,
    sent: 150,
    inDoubtTotal: 0,
    resent: 0,
    enrollments: { active: 0, finished: 50, ended: 0 },
  })
  expect(spring.status()).toMatchObject({ state: "completed", closed: true, cause: null })
  const subjects = inbox.sent.map(({ message }) => message.subject)
  expect(new Set(subjects).size).toBe(150)
  for (const { email } of crowd(50))
    expect(subjects.filter((subject) => subject.endsWith(` ${email}`))).toEqual([
      `Hello ${email}`,
      `Nudge ${email}`,
      `Last ${email}`,
    ])
})

test("a step that fails ends the enrollment: the later steps are never planned", async () => {
  const { spring } = await openCampaign(sequence, {
    ...fast,
    transport: {
      outcome: ({ to, subject }) =>
        to.address.startsWith("ann") && subject.startsWith("Nudge")
          ? { type: "rejected", scope: "recipient", retryable: false, code: "550" }
          : { type: "accepted" },
    },
  })
  await spring.enroll(people("ann", "bob"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({
    planned: 5,
    sent: 4,
    failed: 1,
    enrollments: { active: 0, finished: 1, ended: 1 },
  })
})

test("a step is planned its delay after the one before ended", async () => {
  const { spring, until, executions } = await openCampaign({ steps: sequence.steps })
  await spring.enroll(people("ann"))
  await until((event) => event.type === "execution" && event.step === 1)
  const [hello, nudge] = [...(await executions())].sort((left, right) => left.step - right.step)
  expect(nudge?.scheduledFor).toBe((nudge?.createdAt ?? 0) + (toMillis("1 day") ?? 0))
  expect(nudge?.createdAt).toBeGreaterThanOrEqual(hello?.context.renderedAt ?? Number.POSITIVE_INFINITY)
  expect(await spring.idle()).toMatchObject({ planned: 2, sent: 1, scheduled: 1 })
})

test("a campaign does not complete before enrolling is closed, nor without any enrollment", async () => {
  const { spring, runtime } = await openCampaign()
  await spring.enroll(people("ann"))
  expect(await spring.settled()).toMatchObject({ sent: 1 })
  expect(spring.status().state).toBe("running")
  await spring.close()
  await spring.completed()

  const empty = await runtime.campaigns.create({ id: "empty", from: "ann@acme.test", steps: [{ template: "hello" }] })
  await empty.close()
  await empty.settled()
  expect(empty.status().state).toBe("running")
})

test("a draft sends nothing until it is started", async () => {
  const { runtime, inbox } = await openCampaign()
  const draft = await runtime.campaigns.create(
    { id: "draft", from: "ann@acme.test", steps: [{ template: "hello" }] },
    { draft: true },
  )
  await draft.enroll(people("ann"))
  expect(await draft.settled()).toMatchObject({ scheduled: 1, sent: 0 })
  expect(inbox.count).toBe(0)
  expect(await draft.start()).toBe(true)
  expect(await draft.start()).toBe(false)
  expect(await draft.settled()).toMatchObject({ scheduled: 0, sent: 1 })
})

test("`idle` waits for what became due by itself", async () => {
  const { spring, inbox, until } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge", after: "1 day" }] },
    { speed: 864_000, transport: { latencyMs: 20 } },
  )
  await spring.enroll(people("ann"))
  await spring.idle()
  expect(inbox.count).toBe(1)
  // The second mail is due a tenth of a second later: nobody wakes the pump but its own timer.
  await until((event) => event.type === "execution" && event.step === 1 && event.state === "sending.attempting")
  expect(await spring.idle()).toMatchObject({ sent: 2, sending: 0 })
})
