import { expect, test } from "vitest"
import * as z from "zod"
import { campaign, crowd, door, failureOf, openCampaign, openWorld, people } from "./world.ts"

test("enrolling the same leads again makes no second mail", async () => {
  const { spring, inbox } = await openCampaign()
  expect(await spring.enroll(crowd(20))).toMatchObject({ enrolled: 20, duplicates: 0 })
  expect(await spring.enroll([...crowd(22), ...people("lead0")])).toMatchObject({ enrolled: 2, duplicates: 21 })
  await spring.close()
  expect(await spring.completed()).toMatchObject({ planned: 22, sent: 22 })
  expect(inbox.count).toBe(22)
})

test("a campaign without steps takes no leads, and says so", async () => {
  const { spring } = await openCampaign({ steps: [] })
  expect(await failureOf(spring.enroll(people("ann")))).toMatchObject({ code: "campaign-without-steps" })
})

test("a source is read no faster than its batches become durable", async () => {
  const { spring, events } = await openCampaign()
  let read = 0
  let ahead = 0
  const durable = (): number =>
    events.reduce((sum, event) => (event.type === "enrolled" ? sum + event.created : sum), 0)
  const source = async function* () {
    for (const lead of crowd(2_200)) {
      read += 1
      if (read % 100 === 0) await new Promise(setImmediate)
      ahead = Math.max(ahead, read - durable())
      yield lead
    }
  }
  expect(await spring.enroll(source())).toMatchObject({ enrolled: 2_200 })
  expect(ahead).toBeLessThanOrEqual(1_001)
})

test("leads that are not acceptable are listed with their position and reason, and harm no other", async () => {
  const { spring } = await openCampaign()
  const rejected: number[] = []
  const leads = [
    { email: "ann@example.test" },
    { email: "no address" },
    { email: "bob@example.test", timeZone: "Mars/Olympus" },
    JSON.parse('{"email":"eve@example.test","data":{"__proto__":{"admin":true}}}'),
    { email: "cy@example.test" },
  ]
  const result = await spring.enroll(leads, { onRejected: ({ index }) => rejected.push(index) })
  expect(result).toMatchObject({ enrolled: 2, duplicates: 0, rejected: { total: 3 } })
  expect(result.rejected.first.map(({ index, error }) => [index, error._tag])).toEqual([
    [1, "InvalidInput"],
    [2, "InvalidInput"],
    [3, "InvalidInput"],
  ])
  expect(rejected).toEqual([1, 2, 3])
})

test("the list of rejected leads is bounded, `onRejected` sees them all", async () => {
  const { spring } = await openCampaign()
  let seen = 0
  const bad = Array.from({ length: 1_500 }, () => ({ email: "no address" }))
  const result = await spring.enroll(bad, { onRejected: () => (seen += 1) })
  expect(result.rejected.total).toBe(1_500)
  expect(result.rejected.first).toHaveLength(1_000)
  expect(seen).toBe(1_500)
})

test("a lead's data is checked by the campaign's schema", async () => {
  const world = await openWorld()
  const spring = await world.runtime.campaigns.create(campaign({ leadData: z.object({ city: z.string() }) }))
  const result = await spring.enroll([
    { email: "ann@example.test", data: { city: "Ghent" } },
    { email: "bob@example.test", data: { city: 7 } },
    { email: "cy@example.test" },
  ])
  expect(result).toMatchObject({ enrolled: 1, rejected: { total: 2 } })
  expect(result.rejected.first[0]?.error.code).toBe("invalid-lead-data")
})

test("a source that throws ends enrolling with what was stored before, and giving it again goes on", async () => {
  const { spring } = await openCampaign()
  const source = function* () {
    yield* crowd(700)
    throw new Error("the file is cut")
  }
  const failure = await failureOf(spring.enroll(source()))
  expect(failure).toMatchObject({ _tag: "InvalidInput", code: "source-failed", retryable: true })
  expect(await spring.stats()).toMatchObject({ planned: 500 })
  expect(await spring.enroll(crowd(700))).toMatchObject({ enrolled: 200, duplicates: 500 })
})

test("an abort signal ends enrolling, and the source is told to stop", async () => {
  const { spring } = await openCampaign()
  const abort = new AbortController()
  let ended = false
  const source = async function* () {
    try {
      for (const [index, lead] of crowd(10_000).entries()) {
        if (index === 1_200) abort.abort()
        if (index % 50 === 0) await new Promise(setImmediate)
        yield lead
      }
    } finally {
      ended = true
    }
  }
  const failure = await failureOf(spring.enroll(source(), { signal: abort.signal }))
  expect(failure).toMatchObject({ _tag: "Interrupted", code: "aborted" })
  const { planned } = await spring.stats()
  expect(planned).toBe(1_000)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(ended).toBe(true)
})

test("an abort signal ends enrolling also while the source hangs", async () => {
  const { spring } = await openCampaign()
  const abort = new AbortController()
  const hanging = door()
  const source = async function* () {
    yield* people("ann")
    hanging.open()
    await new Promise<never>(() => {})
  }
  const enrolling = failureOf(spring.enroll(source(), { signal: abort.signal }))
  await hanging.opened
  abort.abort()
  expect(await enrolling).toMatchObject({ _tag: "Interrupted" })
})

test("closing the runtime ends enrolling also while the source hangs", async () => {
  const { spring, runtime } = await openCampaign()
  const hanging = door()
  const source = async function* () {
    yield* people("ann")
    hanging.open()
    await new Promise<never>(() => {})
  }
  const enrolling = failureOf(spring.enroll(source()))
  await hanging.opened
  await runtime.close({ deadlineMs: 0 })
  expect(await enrolling).toMatchObject({ _tag: "Closed" })
})

test("enrolling into a closed or cancelled campaign is refused", async () => {
  const { spring, runtime } = await openCampaign({ steps: [{ template: "hello", after: "1 day" }] })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await failureOf(spring.enroll(people("bob")))).toMatchObject({ _tag: "Conflict", code: "campaign-closed" })
  await spring.cancel()
  expect(await failureOf(spring.enroll(people("bob")))).toMatchObject({ _tag: "Conflict", code: "campaign-cancelled" })
  expect((await runtime.campaigns.list())[0]).toMatchObject({ state: "cancelled" })
})

test("enrolling into a completed campaign makes it run again, and it completes again", async () => {
  const { spring } = await openCampaign()
  await spring.enroll(people("ann"))
  await spring.close()
  await spring.completed()
  expect(await spring.enroll(people("bob"))).toMatchObject({ enrolled: 1 })
  await spring.settled()
  expect(await spring.completed()).toMatchObject({ sent: 2, enrollments: { active: 0, finished: 2 } })
  // More than one batch: the first makes it run.
  expect(await spring.enroll(crowd(1_200))).toMatchObject({ enrolled: 1_200 })
  await spring.settled()
  expect(await spring.completed()).toMatchObject({ sent: 1_202 })
})

test("preflight tells of leads that enroll would reject, by their place and with the reason", async () => {
  const { spring } = await openCampaign()
  const leads = [{ email: "nobody" }, { email: "ann@example.test" }, {} as { email: string }]
  const { rejected, ...report } = await spring.preflight(leads)
  expect(report).toMatchObject({ leads: 1, mails: 1, problems: { total: 0 } })
  expect(rejected).toEqual((await spring.enroll(leads)).rejected)
  expect(rejected.first.map(({ index }) => index)).toEqual([0, 2])
})

test.each([5, "ann@example.test", { email: "ann@example.test" }, null, undefined, () => []])(
  "what is no list of leads is refused with what to give: %o",
  async (leads) => {
    const { spring } = await openCampaign()
    const refused = { _tag: "InvalidInput", code: "invalid-leads", message: expect.stringContaining("give an array") }
    expect(await failureOf(spring.enroll(leads as never))).toMatchObject(refused)
    expect(await failureOf(spring.preflight(leads as never))).toMatchObject(refused)
  },
)

test("preflight lists what cannot be rendered, stores nothing and sends nothing", async () => {
  const { spring, inbox } = await openCampaign({ steps: [{ template: "hello" }, { template: "picky" }] })
  const report = await spring.preflight([
    { email: "ann@example.test", data: { city: "Ghent" } },
    { email: "bob@example.test" },
  ])
  expect(report).toMatchObject({ leads: 2, mails: 4, problems: { total: 1 } })
  expect(report.problems.first[0]).toMatchObject({ index: 1, template: "picky" })
  expect(await spring.stats()).toMatchObject({ planned: 0 })
  expect(inbox.count).toBe(0)
})
