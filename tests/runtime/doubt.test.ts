import type { CampaignInput } from "sendstate/sdk"
import { expect, test } from "vitest"
import {
  accepted,
  acceptsAfter,
  door,
  gone,
  hears,
  lost,
  openCampaign,
  people,
  reaches,
  transportOf,
  type WorldOptions,
} from "./world.ts"

const doubtful = (definition: Partial<CampaignInput> = {}, options: WorldOptions = {}) =>
  openCampaign({ steps: [{ template: "dated" }], ...definition }, { speed: 1_000, ...options })

/** Loses the answer of the first attempt only. */
const losesFirst = { outcome: (_: unknown, { attempt }: { attempt: number }) => (attempt === 1 ? lost : accepted) }

test("by default a mail in doubt is held: listed, counted, and it blocks completion", async () => {
  const { spring, until, runtime, inbox } = await doubtful({}, { transport: { outcome: () => lost } })
  await spring.enroll(people("ann"))
  await spring.close()
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ inDoubt: 1, inDoubtTotal: 1, sent: 0, enrollments: { active: 1 } })
  expect(spring.status().state).toBe("running")
  const listed = []
  for await (const row of runtime.executions.list({ states: ["inDoubt"] })) listed.push(row.context.attempt)
  expect(listed).toEqual([1])
  expect(inbox.count).toBe(1)
})

test("a person resolves a mail in doubt as sent: it is confirmed and the sequence goes on", async () => {
  const { spring, until, runtime, executionOf } = await doubtful(
    { steps: [{ template: "dated" }, { template: "nudge" }] },
    { transport: { outcome: ({ subject }) => (subject === "Dated" ? lost : accepted) } },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  await until(reaches("sending.inDoubt"))
  const { id } = await executionOf("ann")
  expect(await runtime.executions.resolve(id, "sent")).toBe("applied")
  expect(await runtime.executions.resolve(id, "sent")).toBe("refused")
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 2, unconfirmed: 0, inDoubtTotal: 1 })
})

test("a person resolves a mail in doubt as not sent: the same bytes go out again under the same Message-ID", async () => {
  const { spring, until, runtime, executionOf, inbox } = await doubtful({}, { transport: losesFirst })
  await spring.enroll(people("ann"))
  await spring.close()
  await until(reaches("sending.inDoubt"))
  expect(await runtime.executions.resolve((await executionOf("ann")).id, "notSent")).toBe("applied")
  expect(await spring.completed()).toMatchObject({ sent: 1, resent: 1, inDoubtTotal: 1 })
  const [first, second] = inbox.sent
  expect(second?.message).toEqual(first?.message)
  expect([first?.attempt, second?.attempt]).toEqual([1, 2])
})

test("`assumeSent` ends a mail in doubt as sent, unconfirmed", async () => {
  const { spring, inbox, executionOf } = await doubtful(
    { onUnknown: "assumeSent" },
    { transport: { outcome: () => lost } },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, unconfirmed: 1, inDoubtTotal: 1, resent: 0 })
  expect((await executionOf("ann")).context.delivery).toBe("unconfirmed")
  expect(inbox.count).toBe(1)
})

test("`resend` sends the same mail again after the retry's delay, counted as a possible duplicate", async () => {
  const { spring, inbox } = await doubtful({ onUnknown: "resend" }, { transport: losesFirst })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, resent: 1, inDoubtTotal: 1, unconfirmed: 0 })
  expect(inbox.sent).toHaveLength(2)
  expect(inbox.sent[1]?.message).toEqual(inbox.sent[0]?.message)
})

test("`resend` without attempts left leaves the mail in doubt", async () => {
  const { spring, until, inbox, executionOf } = await doubtful(
    { onUnknown: "resend", retry: { attempts: 2, base: "1 second" } },
    { transport: { outcome: () => lost } },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  await until((event) => event.type === "execution" && event.context.doubts === 2)
  expect(await spring.settled()).toMatchObject({ inDoubt: 1, inDoubtTotal: 2, resent: 1 })
  expect((await executionOf("ann")).context.unknownAttempts).toEqual([1, 2])
  expect(inbox.count).toBe(2)
})

test("doubt sticks: a later refusal ends as failed with unknown delivery, and is not run again without consent", async () => {
  const { spring, runtime, executionOf, inbox } = await doubtful(
    { onUnknown: "resend" },
    { transport: { outcome: (_, { attempt }) => (attempt === 1 ? lost : attempt === 2 ? gone : accepted) } },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ failed: 1 })
  const { id, context } = await executionOf("ann")
  expect(context).toMatchObject({ outcome: "failed", delivery: "unknown", unknownAttempts: [1] })
  expect(await runtime.executions.retry(id)).toBe("refused")
  expect(await runtime.executions.retry(id, { duplicate: true })).toBe("applied")
  expect(await spring.completed()).toMatchObject({ failed: 0, sent: 1, resent: 2 })
  expect(inbox.sent.map(({ attempt }) => attempt)).toEqual([1, 3])
})

test("a transport that knows idempotency keys is asked to send again, without a second copy", async () => {
  const sent: string[] = []
  const transport = transportOf(
    async (_, { idempotencyKey, attempt, handoff }) => {
      handoff()
      sent.push(idempotencyKey)
      return attempt === 1 ? lost : accepted
    },
    { idempotent: { ttlMs: 60_000 } },
  )
  const { spring } = await doubtful({}, { transport })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, inDoubtTotal: 1, resent: 0 })
  expect(new Set(sent).size).toBe(1)
  expect(sent).toHaveLength(2)
})

test("when the key has been forgotten by the provider, the campaign's policy decides", async () => {
  const transport = transportOf(
    async (_, { handoff }) => {
      handoff()
      return lost
    },
    { idempotent: { ttlMs: 0 } },
  )
  const { spring, until } = await doubtful({}, { transport })
  await spring.enroll(people("ann"))
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ inDoubt: 1 })
})

test("when no attempt is left for a repeat under the key, the campaign's policy decides", async () => {
  const transport = transportOf(
    async (_, { handoff }) => {
      handoff()
      return lost
    },
    { idempotent: { ttlMs: 600_000 } },
  )
  const { spring } = await doubtful({ onUnknown: "assumeSent", retry: { attempts: 1 } }, { transport })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, unconfirmed: 1, inDoubt: 0 })
})

test("a transport that can be asked settles the doubt before any policy", async () => {
  const { spring, inbox, executionOf } = await doubtful(
    { onUnknown: "resend" },
    { transport: { outcome: () => lost, lookup: true } },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1, unconfirmed: 0, resent: 0, inDoubtTotal: 1 })
  expect((await executionOf("ann")).context.delivery).toBe("confirmed")
  expect(inbox.count).toBe(1)
})

test("a lookup that finds nothing is evidence: it is sent again, and no doubt remains", async () => {
  const transport = transportOf(
    async (_, { attempt, handoff }) => {
      handoff()
      return attempt === 1 ? lost : gone
    },
    {},
    { lookup: async () => ({ type: "notFound" }) },
  )
  const { spring, executionOf } = await doubtful({}, { transport })
  await spring.enroll(people("ann"))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ failed: 1, resent: 0 })
  expect((await executionOf("ann")).context).toMatchObject({ delivery: null, unknownAttempts: [] })
})

test.each([
  ["throws", async () => Promise.reject(new Error("no answer"))],
  ["answers nonsense", async () => undefined as never],
  ["says that it does not know", async () => ({ type: "unknown" as const })],
])("a lookup that %s leaves it to the policy", async (_, lookup) => {
  const transport = transportOf(
    async (_message, { handoff }) => {
      handoff()
      return lost
    },
    {},
    { lookup },
  )
  const { spring, until } = await doubtful({}, { transport })
  await spring.enroll(people("ann"))
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ inDoubt: 1 })
})

test("an answer that comes after the call was given up settles the doubt, and the sequence goes on", async () => {
  const answer = door()
  const { spring, until, executionOf } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge" }] },
    {
      transport: {
        deadlineMs: 50,
        outcome: async ({ subject }) => {
          if (subject.startsWith("Hello")) await answer.opened
          return accepted
        },
      },
    },
  )
  await spring.enroll(people("ann"))
  await spring.close()
  await until(reaches("sending.inDoubt"))
  await spring.settled()
  answer.open()
  await until(hears("LATE_RECEIPT"))
  expect(await spring.completed()).toMatchObject({ planned: 2, sent: 2, inDoubtTotal: 1, resent: 0 })
  expect((await executionOf("ann")).context.delivery).toBe("confirmed")
})

test("evidence about a mail that was cancelled meanwhile is kept in its history", async () => {
  const answer = door()
  const { spring, until, runtime, executionOf } = await openCampaign(
    {},
    {
      transport: {
        deadlineMs: 50,
        ...acceptsAfter(answer),
      },
    },
  )
  await spring.enroll(people("ann"))
  await until(reaches("sending.inDoubt"))
  const { id } = await executionOf("ann")
  expect(await runtime.executions.cancel(id)).toBe("inDoubt")
  answer.open()
  await until(hears("LATE_RECEIPT"))
  const { history, execution } = await runtime.explain(id)
  expect(history.at(-1)?.text).toContain("late evidence")
  expect(execution.state).toBe("cancelled")
  expect(await spring.stats()).toMatchObject({ cancelled: 1, sent: 0 })
})
