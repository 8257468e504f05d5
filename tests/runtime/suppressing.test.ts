import { memory } from "sendstate/storage/memory"
import { faultyStorage } from "sendstate/testing"
import { expect, test } from "vitest"
import {
  accepted,
  acceptsAfter,
  busy,
  crowd,
  door,
  failureOf,
  hears,
  lost,
  misconfigured,
  openCampaign,
  openWorld,
  people,
  reaches,
} from "./world.ts"

test("a suppressed address is never mailed, in whatever case it is written", async () => {
  const { spring, runtime, inbox, executionOf } = await openCampaign()
  await runtime.suppress("ANN@Example.TEST", { reason: "complaint" })
  await spring.enroll(people("ann", "bob"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, suppressed: 1, enrollments: { finished: 1, ended: 1 } })
  expect(inbox.sent.map(({ message }) => message.to.address)).toEqual(["bob@example.test"])
  expect((await executionOf("ann")).context.attempt).toBe(1)
})

test.each([
  ["of everything", {}],
  ["of the topic", { topic: "news" }],
])("a suppression %s between the claim and the intent is seen by the intent's own commit", async (_, scope) => {
  const storage = faultyStorage()
  const { spring, runtime, inbox } = await openCampaign({ topic: "news" }, { storage })
  const held = door()
  const asked = door()
  storage.fault = (method, args) => {
    if (method !== "commit" || !JSON.stringify(args[0]).includes('"intent":{')) return undefined
    storage.fault = () => undefined
    asked.open()
    return { wait: held.opened }
  }
  await spring.enroll(people("ann"))
  await asked.opened
  await runtime.suppress("ann@example.test", scope)
  held.open()
  await spring.close()
  expect(await spring.completed()).toMatchObject({ suppressed: 1, sent: 0 })
  expect(inbox.count).toBe(0)
})

test("a suppression while a mail is sent stops what follows; the mail under way ends as it does", async () => {
  const answer = door()
  const { spring, runtime, inbox, until } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    {
      transport: acceptsAfter(answer),
    },
  )
  await spring.enroll(people("ann"))
  await until(reaches("sending.attempting"))
  await runtime.suppress("ann@example.test")
  answer.open()
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 1, suppressed: 1 })
  expect(inbox.count).toBe(1)
})

test("a suppression while a mail waits for its next try ends it: there is no second call", async () => {
  let calls = 0
  const outcome = () => {
    calls += 1
    return calls === 1 ? busy : accepted
  }
  const { spring, runtime, until, executionOf } = await openCampaign({}, { transport: { outcome } })
  await spring.enroll(people("ann"))
  await until(reaches("retrying"))
  await runtime.suppress("ann@example.test")
  await spring.close()
  expect(await spring.completed()).toMatchObject({ suppressed: 1, sent: 0 })
  expect(calls).toBe(1)
  expect((await executionOf("ann")).context).toMatchObject({ outcome: "suppressed", delivery: null })
})

test.each(["resend", "hold"] as const)(
  "a suppression while a mail is in doubt (%s) lets no second copy go, and the doubt stays",
  async (onUnknown) => {
    let calls = 0
    const outcome = () => {
      calls += 1
      return calls === 1 ? lost : accepted
    }
    const { spring, runtime, until, executionOf } = await openCampaign({ onUnknown }, { transport: { outcome } })
    await spring.enroll(people("ann"))
    await until(hears("UNKNOWN"))
    await runtime.suppress("ann@example.test")
    const { id, state } = await executionOf("ann")
    if (state === "sending.inDoubt") await runtime.executions.resolve(id, "notSent")
    await spring.close()
    expect(await spring.completed()).toMatchObject({ suppressed: 1, sent: 0, inDoubtTotal: 1 })
    expect(calls).toBe(1)
    expect((await executionOf("ann")).context).toMatchObject({ outcome: "suppressed", delivery: "unknown" })
  },
)

test("an unsubscription that is killed half-way has stopped the mails, and is finished when it is asked for again", async () => {
  const inner = memory()
  const storage = faultyStorage(inner)
  const first = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge", after: "1 hour" }] },
    { storage },
  )
  await first.spring.enroll(people("ann"))
  await first.until(reaches("done"))
  const { id: executionId, leadId } = await first.executionOf("ann")
  const killed = door()
  storage.fault = (method, args) => {
    // The address is suppressed by then; what the mail's record and the exits say of it is not written yet.
    if (method !== "writeDocuments" || JSON.stringify(args[0]).includes('"suppression"')) return undefined
    killed.open()
    return { wait: new Promise(() => undefined) }
  }
  void first.runtime.unsubscribe({ leadId, topic: null, executionId }).catch(() => undefined)
  await killed.opened
  inner.kill()
  const again = await openWorld({ storage: inner })
  const spring = await again.runtime.campaigns.get("spring")
  const [nudge] = (await again.executions()).filter(({ step }) => step === 1)
  await again.runtime.executions.runNow(nudge?.id ?? "")
  expect(await spring.settled()).toMatchObject({ sent: 1, suppressed: 1 })
  expect((await again.runtime.explain(executionId)).feedback).toEqual([])
  for (let times = 0; times < 2; times += 1) {
    await again.runtime.unsubscribe({ leadId, topic: null, executionId })
    expect((await again.runtime.explain(executionId)).feedback).toMatchObject([{ type: "unsubscribed" }])
  }
  expect(again.inbox.count).toBe(0)
})

test("a suppression ends a sequence at its next mail", async () => {
  const { spring, runtime, inbox, until } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge", after: "1 hour" }] },
    { speed: 36_000 },
  )
  await spring.enroll(people("ann"))
  await until(reaches("done"))
  await runtime.suppress("ann@example.test")
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 1, suppressed: 1 })
  expect(inbox.count).toBe(1)
})

test("a suppression that is lifted lets later mails through", async () => {
  const { spring, runtime } = await openCampaign({ steps: [{ template: "hello", after: "1 hour" }] }, { speed: 36_000 })
  expect(await runtime.unsuppress("ann@example.test")).toBe(false)
  await runtime.suppress("ann@example.test")
  await spring.enroll(people("ann"))
  expect(await runtime.unsuppress("ann@example.test")).toBe(true)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, suppressed: 0 })
})

test("suppressing what is no address is refused", async () => {
  const { runtime } = await openCampaign()
  expect(await failureOf(runtime.suppress("nobody"))).toMatchObject({ _tag: "InvalidInput" })
})

test("suppression survives a restart", async () => {
  const world = await openCampaign()
  await world.runtime.suppress("ann@example.test")
  const again = await world.restart()
  const spring = await again.runtime.campaigns.get("spring")
  await spring.enroll(people("ann"))
  expect(await spring.settled()).toMatchObject({ suppressed: 1, sent: 0 })
})

test("a pause stops new starts at once; what is under way ends; resume goes on", async () => {
  const answer = door()
  const { spring, inbox, until } = await openCampaign(
    {},
    {
      transport: {
        maxConcurrency: 3,
        outcome: async () => {
          await answer.opened
          return accepted
        },
      },
    },
  )
  await spring.enroll(crowd(200))
  await until(reaches("sending.attempting"))
  expect(await spring.pause()).toBe(true)
  expect(await spring.pause()).toBe(false)
  const { sending } = await spring.stats()
  expect(sending).toBeGreaterThan(0)
  answer.open()
  // Rows that waited for the transport are given back: nothing stays leased.
  expect(await spring.settled()).toMatchObject({ sent: sending, scheduled: 200 - sending, rendering: 0, sending: 0 })
  expect(inbox.count).toBe(sending)
  expect(await spring.resume()).toBe(true)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 200 })
  expect(inbox.count).toBe(200)
})

test("a paused campaign takes leads and wishes, and starts nothing", async () => {
  const { spring, runtime, inbox, executionOf } = await openCampaign()
  await spring.pause()
  await spring.enroll(people("ann", "bob"))
  expect(await runtime.executions.cancel((await executionOf("ann")).id)).toBe("cancelled")
  expect(await spring.settled()).toMatchObject({ scheduled: 1, cancelled: 1, sent: 0 })
  expect(inbox.count).toBe(0)
  await spring.resume()
  expect(await spring.settled()).toMatchObject({ scheduled: 0, sent: 1 })
})

test("a pause and its end are kept over restarts, and what waits says that it is for the pause", async () => {
  const world = await openCampaign()
  await world.spring.pause()
  await world.spring.enroll(people("ann"))
  const again = await world.restart()
  const spring = await again.runtime.campaigns.get("spring")
  expect(spring.status().state).toBe("paused")
  expect(await spring.settled()).toMatchObject({ scheduled: 1, sent: 0 })
  const { id } = await again.executionOf("ann")
  expect((await again.runtime.explain(id)).summary).toMatch(/^scheduled for .*; the campaign is paused: resume it$/)
  expect(await spring.resume()).toBe(true)
  expect(await spring.resume()).toBe(false)
  expect(await spring.settled()).toMatchObject({ sent: 1 })
  const third = await again.restart()
  expect((await third.runtime.campaigns.get("spring")).status().state).toBe("running")
})

test("a resume is durable before anything is sent: a process that dies right then goes on when it is started again", async () => {
  const world = await openCampaign()
  await world.spring.pause()
  await world.spring.enroll(people("ann"))
  await world.runtime.enterStandby()
  expect(await world.spring.resume()).toBe(true)
  expect(world.inbox.count).toBe(0)
  const again = await world.restart()
  expect(await (await again.runtime.campaigns.get("spring")).settled()).toMatchObject({ sent: 1 })
})

test("a campaign that stopped by itself says so for what waits", async () => {
  const { spring, runtime, until, executions } = await openCampaign({}, { transport: { outcome: () => misconfigured } })
  await spring.enroll(people("ann"))
  await until((event) => event.type === "campaign" && event.state === "degraded")
  await spring.settled()
  const [ann] = await executions()
  expect((await runtime.explain(ann?.id ?? "")).summary).toMatch(
    /the campaign stopped by itself: ".+": remove the cause/,
  )
})
