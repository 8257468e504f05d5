import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Sendstate } from "sendstate/effect"
import type { SendOutcome } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { faultyStorage, ScriptedSmtpServer, smtpScript, storageError } from "sendstate/testing"
import { type MemoryTransportOptions, memory as memoryTransport } from "sendstate/transport/memory"
import { smtp } from "sendstate/transport/smtp"
import { onTestFinished, test } from "vitest"
import { advance, advanceUntil } from "./virtual-time.ts"
import { accepted, campaign, crowd, down, misconfigured, openCampaign, people, renderer } from "./world.ts"

const layer = (transport: MemoryTransportOptions) =>
  Sendstate.layer({ storage: memoryStorage(), transport: memoryTransport(transport), renderer: renderer() })

it.effect("a wrong password stops the campaign after a handful of calls, uses no attempts, and resume goes on", () => {
  let calls = 0
  let answer: SendOutcome = misconfigured
  const outcome = () => {
    calls += 1
    return answer
  }
  return Effect.gen(function* () {
    const { create } = yield* Sendstate
    const spring = yield* create(campaign({ retry: { attempts: 1, base: "1 s" } }))
    yield* spring.enroll(crowd(1_000))
    yield* spring.close
    yield* advanceUntil(Effect.map(spring.state, (state) => state === "degraded"))
    yield* advance(600_000, 10_000)
    expect(calls).toBeLessThanOrEqual(10)
    expect(yield* spring.stats).toMatchObject({ failed: 0, sent: 0, planned: 1_000 })
    answer = accepted
    expect(yield* spring.resume).toBe(true)
    yield* advanceUntil(
      Effect.map(spring.state, (state) => state === "completed"),
      { stepMs: 100 },
    )
    expect(yield* spring.stats).toMatchObject({ sent: 1_000, failed: 0 })
  }).pipe(Effect.provide(layer({ outcome })))
})

it.effect("resuming while the password is still wrong stops again after a handful of calls, with one cause", () => {
  let calls = 0
  const outcome = () => {
    calls += 1
    return misconfigured
  }
  return Effect.gen(function* () {
    const { create, health } = yield* Sendstate
    const spring = yield* create(campaign())
    yield* spring.enroll(crowd(300))
    yield* advanceUntil(Effect.map(spring.state, (state) => state === "degraded"))
    yield* advance(60_000, 5_000)
    const before = calls
    yield* spring.resume
    yield* advanceUntil(Effect.map(spring.state, (state) => state === "degraded"))
    yield* advance(60_000, 5_000)
    expect(calls - before).toBeLessThanOrEqual(10)
    const { campaigns } = yield* health
    expect(campaigns).toMatchObject([{ state: "degraded", cause: "memory: 535 wrong password" }])
  }).pipe(Effect.provide(layer({ outcome, maxConcurrency: 4 })))
})

it.effect(
  "a host that is down is probed now and then, by one mail at a time, and sending goes on when it is back",
  () => {
    let calls = 0
    let answer: SendOutcome = down
    const outcome = () => {
      calls += 1
      return answer
    }
    return Effect.gen(function* () {
      const { create, health } = yield* Sendstate
      const spring = yield* create(campaign({ retry: { attempts: 1, base: "1 s", jitter: 0 } }))
      yield* spring.enroll(crowd(500))
      yield* spring.close
      yield* advanceUntil(Effect.map(health, ({ transport }) => transport.gate.circuit !== "closed"))
      yield* advance(30_000, 1_000)
      const settledIn = calls
      // The first calls were under way together; from now on one probe a minute at most.
      expect(settledIn).toBeLessThanOrEqual(16)
      yield* advance(600_000, 5_000)
      expect(calls - settledIn).toBeLessThanOrEqual(11)
      expect(calls - settledIn).toBeGreaterThanOrEqual(5)
      expect(yield* spring.stats).toMatchObject({ failed: 0, sent: 0 })
      expect(yield* spring.state).toBe("running")
      answer = accepted
      yield* advanceUntil(
        Effect.map(spring.state, (state) => state === "completed"),
        { stepMs: 1_000 },
      )
      expect(yield* spring.stats).toMatchObject({ sent: 500, failed: 0, inDoubtTotal: 0 })
      expect((yield* health).transport.gate).toMatchObject({
        circuit: "closed",
        cause: null,
        probeAt: null,
        sending: 0,
      })
    }).pipe(Effect.provide(layer({ outcome, maxConcurrency: 8 })))
  },
)

it.effect("mails that wait for a slow transport keep their leases, and are sent once", () => {
  const transport = memoryTransport({ maxPerSecond: 0.1 })
  const storage = faultyStorage()
  return Effect.gen(function* () {
    const { create } = yield* Sendstate
    const spring = yield* create(campaign())
    yield* spring.enroll(crowd(40))
    yield* spring.close
    // The last waits 400 seconds in line: longer than six leases.
    yield* advanceUntil(
      Effect.map(spring.state, (state) => state === "completed"),
      { stepMs: 1_000 },
    )
    expect(transport.count).toBe(40)
    expect(yield* spring.stats).toMatchObject({ sent: 40, failed: 0, inDoubtTotal: 0 })
    const rows = yield* Effect.promise(async () => storage.driver().list({ limit: 100 }))
    // Claimed once each.
    expect(rows.map(({ token }) => token)).toEqual(Array.from({ length: 40 }, () => 1))
  }).pipe(Effect.provide(Sendstate.layer({ storage, transport, renderer: renderer() })))
})

it.effect("a lease that ended while its mail waited in line is claimed again: it is sent once", () => {
  const transport = memoryTransport({ maxPerSecond: 0.1 })
  const storage = faultyStorage()
  storage.fault = (method) => (method === "renew" ? { before: storageError("unavailable") } : undefined)
  return Effect.gen(function* () {
    const { create, health } = yield* Sendstate
    const spring = yield* create(campaign())
    yield* spring.enroll(crowd(20))
    yield* spring.close
    yield* advanceUntil(
      Effect.map(spring.state, (state) => state === "completed"),
      { stepMs: 1_000 },
    )
    expect(transport.count).toBe(20)
    expect(yield* spring.stats).toMatchObject({ sent: 20, failed: 0, inDoubtTotal: 0 })
    expect((yield* health).campaigns).toMatchObject([{ live: 0 }])
  }).pipe(Effect.provide(Sendstate.layer({ storage, transport, renderer: renderer() })))
})

it.effect("the rate limit holds in every second", () => {
  const transport = memoryTransport({ maxPerSecond: 10 })
  return Effect.gen(function* () {
    const { create } = yield* Sendstate
    const spring = yield* create(campaign())
    yield* spring.enroll(crowd(60))
    yield* spring.close
    const at: number[] = []
    let passed = 0
    while ((yield* spring.state) !== "completed" && passed < 60_000) {
      yield* advance(1_000, 50)
      passed += 1_000
      at.push(transport.count)
    }
    for (const [second, count] of at.entries()) expect(count - (at[second - 1] ?? 0)).toBeLessThanOrEqual(11)
    expect(transport.count).toBe(60)
  }).pipe(Effect.provide(Sendstate.layer({ storage: memoryStorage(), transport, renderer: renderer() })))
})

it.effect("a process that was frozen between its intent and the call does not call", () => {
  const attempts: number[] = []
  const inner = memoryStorage()
  return Effect.gen(function* () {
    const { freeze, storage } = yield* frozenAtIntent(inner)
    yield* Effect.gen(function* () {
      const { create } = yield* Sendstate
      const spring = yield* create(campaign())
      yield* spring.enroll(people("ann"))
      yield* spring.close
      yield* advanceUntil(Effect.sync(() => freeze.isFrozen()))
      yield* advance(31_000)
      freeze.thaw()
      yield* advanceUntil(
        Effect.map(spring.state, (state) => state === "completed"),
        { stepMs: 100 },
      )
      // The first attempt had an intent, and was given back.
      expect(attempts).toEqual([2])
      expect(yield* spring.stats).toMatchObject({ sent: 1, inDoubtTotal: 0 })
    }).pipe(
      Effect.provide(
        Sendstate.layer({
          storage,
          transport: memoryTransport({
            outcome: (_, { attempt }) => {
              attempts.push(attempt)
              return accepted
            },
          }),
          renderer: renderer(),
        }),
      ),
    )
  })
})

it.effect("intents that fail again and again are tried with pauses, not in a tight loop, and reported", () => {
  const storage = faultyStorage()
  return Effect.gen(function* () {
    const { create, health } = yield* Sendstate
    const spring = yield* create(campaign())
    storage.fault = (method) => (method === "commit" ? { before: storageError("unavailable") } : undefined)
    yield* spring.enroll(people("ann"))
    yield* advance(20_000, 100)
    expect(storage.calls("claimDue")).toBeGreaterThan(10)
    expect(storage.calls("claimDue")).toBeLessThan(60)
    expect((yield* health).problems.length).toBeGreaterThan(0)
    storage.fault = () => undefined
    yield* spring.close
    yield* advanceUntil(
      Effect.map(spring.state, (state) => state === "completed"),
      { stepMs: 100 },
    )
    expect(yield* spring.stats).toMatchObject({ sent: 1, failed: 0, inDoubtTotal: 0 })
  }).pipe(Effect.provide(Sendstate.layer({ storage, transport: memoryTransport(), renderer: renderer() })))
})

const frozenAtIntent = (inner: ReturnType<typeof memoryStorage>) =>
  Effect.sync(() => {
    const storage = faultyStorage(inner)
    const { promise, resolve } = Promise.withResolvers<void>()
    let frozen = false
    storage.fault = (method, args) => {
      const isIntent = method === "commit" && JSON.stringify(args[0]).includes('"intent":{')
      if (frozen || !isIntent) return undefined
      frozen = true
      return { waitAfter: promise }
    }
    return { storage, freeze: { isFrozen: () => frozen, thaw: resolve } }
  })

test("over SMTP, 1,000 mails with a wrong password make a handful of connections and use up no attempt", async () => {
  const server = await ScriptedSmtpServer.start({
    ehlo: smtpScript.reply("250-scripted.test\n250-AUTH PLAIN\n250 8BITMIME"),
    auth: smtpScript.reply("535 5.7.8 wrong password"),
  })
  onTestFinished(() => server.stop())
  const transport = smtp(`smtp://ann:hunter-two@127.0.0.1:${server.port}`)
  const { spring, until, executions } = await openCampaign({ retry: { attempts: 1, base: "1 s" } }, { transport })
  await spring.enroll(crowd(1_000))
  const stopped = await until((event) => event.type === "campaign" && event.state === "degraded")
  expect(stopped).toMatchObject({ cause: expect.stringContaining("535 5.7.8 wrong password") })
  await spring.idle()
  expect(server.commands.length).toBeLessThanOrEqual(10)
  expect(server.bodies).toEqual([])
  const rows = await executions()
  expect(rows.filter(({ state }) => state === "scheduled" || state === "retrying")).toHaveLength(1_000)
  expect(rows.filter(({ context }) => context.used > 0)).toEqual([])
})
