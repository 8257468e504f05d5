import type { SendOutcome, Transport } from "sendstate/sdk"
import { expect, test } from "vitest"
import {
  accepted,
  busy,
  crowd,
  door,
  failureOf,
  gone,
  hears,
  openCampaign,
  people,
  reaches,
  transportOf,
} from "./world.ts"

const tooSlow: SendOutcome = { type: "rejected", scope: "recipient", retryable: true, code: "my-timeout" }
const never = new Promise<never>(() => {})
const quick = { retry: { attempts: 2, base: "1 second", jitter: 0 } } as const

/** Misbehaves for `bad@...` and accepts all others. */
const badFor = (misbehave: Transport["send"], capabilities: Partial<Transport["capabilities"]> = {}): Transport =>
  transportOf(
    (message, context) => {
      if (message.to.address.startsWith("bad@")) return misbehave(message, context)
      context.handoff()
      return Promise.resolve(accepted)
    },
    { deadlineMs: 60, ...capabilities },
  )

const run = async (transport: Transport) => {
  const world = await openCampaign(quick, { transport, speed: 1_000 })
  await world.spring.enroll([...people("bad"), ...crowd(20)])
  await world.spring.close()
  return world
}

test("a throw before the handoff is retried until the attempts run out", async () => {
  const { spring, executionOf } = await run(badFor(() => Promise.reject(new Error("broke for bad@example.test"))))
  expect(await spring.completed()).toMatchObject({ sent: 20, failed: 1, inDoubtTotal: 0 })
  expect((await executionOf("bad")).context).toMatchObject({
    attempt: 2,
    reason: { code: "transport-threw", text: "broke for <address>" },
  })
})

test("a transport that throws at once is like one that rejects", async () => {
  const { spring } = await run(
    badFor(() => {
      throw new Error("broke")
    }),
  )
  expect(await spring.completed()).toMatchObject({ sent: 20, failed: 1, inDoubtTotal: 0 })
})

test("a throw after the handoff leaves the mail in doubt", async () => {
  const { spring, until, executionOf } = await run(
    badFor((_, { handoff }) => {
      handoff()
      return Promise.reject(new Error("broke"))
    }),
  )
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ sent: 20, inDoubt: 1 })
  expect((await executionOf("bad")).context.reason?.code).toBe("unknown-transport-threw")
})

test("a throw of a transport that does not signal its handoff leaves the mail in doubt", async () => {
  const { spring, until } = await run(badFor(() => Promise.reject(new Error("broke")), { signalsHandoff: false }))
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ sent: 20, inDoubt: 1 })
})

test("a transport that hangs before the handoff uses up the attempts, and blocks nobody", async () => {
  const { spring, executionOf } = await run(badFor(() => never))
  expect(await spring.completed()).toMatchObject({ sent: 20, failed: 1, inDoubtTotal: 0 })
  expect((await executionOf("bad")).context.attempt).toBe(2)
})

test("a transport that hangs after the handoff leaves the mail in doubt, and blocks nobody", async () => {
  const { spring, until } = await run(
    badFor((_, { handoff }) => {
      handoff()
      return never
    }),
  )
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ sent: 20, inDoubt: 1 })
})

test("a transport that obeys its signal says itself what became of the mail", async () => {
  const { spring, executionOf } = await run(
    badFor((_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(tooSlow)))),
  )
  expect(await spring.completed()).toMatchObject({ sent: 20, failed: 1 })
  expect((await executionOf("bad")).context.reason?.code).toBe("my-timeout")
})

test("a handoff after the call was given up is refused, so that nothing is sent behind the runtime's back", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const release = door()
  const { until } = await openCampaign(
    { retry: { attempts: 1 } },
    {
      transport: transportOf(
        async (_, { handoff }) => {
          await release.opened
          try {
            handoff()
            resolve("sent")
          } catch (error) {
            resolve(error)
          }
          throw new Error("stopped")
        },
        { deadlineMs: 30 },
      ),
    },
  ).then(async (world) => {
    await world.spring.enroll(people("ann"))
    return world
  })
  await until(reaches("done"))
  release.open()
  expect(await promise).toMatchObject({ _tag: "TransportError", code: "too-late" })
})

const nonsense: ReadonlyArray<readonly [string, unknown]> = [
  ["nothing", undefined],
  ["null", null],
  ["a string", "250 ok"],
  ["an object of no known type", { type: "ok" }],
  ["an array", []],
]

test.each(nonsense)("an outcome that is %s leaves the mail in doubt", async (_, outcome) => {
  const { spring, until } = await run(badFor(async () => outcome as SendOutcome))
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ sent: 20, inDoubt: 1 })
})

const badFields: ReadonlyArray<readonly [string, unknown, "sent" | "failed"]> = [
  ["accepted with a response that is no text", { type: "accepted", response: { code: 250 }, providerId: 7 }, "sent"],
  ["rejected with nothing else", { type: "rejected" }, "failed"],
  ["rejected with an unknown scope", { ...gone, scope: "planet" }, "failed"],
  ["rejected with a code that is a number", { ...gone, code: 550, enhancedCode: 511, response: 550 }, "failed"],
  ["put off by what is no number", { ...busy, retryAfterMs: "soon" }, "failed"],
  ["put off by NaN", { ...busy, retryAfterMs: Number.NaN }, "failed"],
  ["put off by a negative time", { ...busy, retryAfterMs: -1e15 }, "failed"],
]

test.each(badFields)("an outcome that is %s is taken for what it can be", async (_, outcome, bucket) => {
  const { spring, storage } = await run(badFor(async () => outcome as SendOutcome))
  expect(await spring.completed()).toMatchObject(bucket === "sent" ? { sent: 21, failed: 0 } : { sent: 20, failed: 1 })
  const driver = await storage.open({ mode: "observe", now: () => 0 })
  expect((await driver.verify()).problems).toEqual([])
  await driver.close()
})

test("an unknown outcome without a stage is in doubt all the same", async () => {
  const { spring, until } = await run(badFor(async () => ({ type: "unknown" }) as SendOutcome))
  await until(reaches("sending.inDoubt"))
  expect(await spring.settled()).toMatchObject({ sent: 20, inDoubt: 1 })
})

test("the transport is never called more often at once than it allows, also while mails are in doubt or hang", async () => {
  let running = 0
  let most = 0
  const { spring } = await openCampaign(
    { onUnknown: "resend", retry: { attempts: 5, base: "1 second" } },
    {
      speed: 1_000,
      transport: transportOf(
        async (_, { attempt, handoff }) => {
          running += 1
          most = Math.max(most, running)
          await new Promise(setImmediate)
          handoff()
          running -= 1
          if (attempt === 1) throw new Error("broke")
          return accepted
        },
        { maxConcurrency: 3 },
      ),
    },
  )
  await spring.enroll(crowd(60))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 60, inDoubtTotal: 60, resent: 60 })
  expect(most).toBe(3)
})

test("open intents never exceed what the transport takes at once", async () => {
  let most = 0
  const { spring, events } = await openCampaign(
    {},
    {
      transport: { maxConcurrency: 5, outcome: async () => new Promise((done) => setImmediate(() => done(accepted))) },
    },
  )
  const sample = async (): Promise<void> => {
    while (!events.some((event) => event.type === "campaign" && event.state === "completed")) {
      most = Math.max(most, (await spring.stats()).sending)
      await new Promise(setImmediate)
    }
  }
  await spring.enroll(crowd(100))
  await spring.close()
  await Promise.all([sample(), spring.completed()])
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(5)
})

test("a rejection that comes after the call was given up decides a mail in doubt", async () => {
  const answer = door()
  const { until, executionOf, spring } = await run(
    badFor(async (_, { handoff }) => {
      handoff()
      await answer.opened
      return gone
    }),
  )
  await until(reaches("sending.inDoubt"))
  answer.open()
  await until(hears("LATE_RECEIPT"))
  expect((await executionOf("bad")).context).toMatchObject({ outcome: "failed", delivery: null })
  expect(await spring.completed()).toMatchObject({ sent: 20, failed: 1 })
})

test("a transport whose close hangs does not hold up the runtime's", async () => {
  const { runtime, spring } = await openCampaign(
    {},
    { transport: transportOf(async () => accepted, {}, { close: async () => Promise.reject(new Error("no")) }) },
  )
  await spring.enroll(people("ann"))
  await spring.settled()
  await runtime.close()
  expect(await failureOf(spring.stats())).toMatchObject({ _tag: "Closed" })
})
