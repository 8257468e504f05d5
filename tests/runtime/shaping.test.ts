import { setImmediate } from "node:timers/promises"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createRuntime } from "sendstate"
import { Sendstate } from "sendstate/effect"
import {
  InvalidInput,
  type LeadInput,
  type LimitsInput,
  type Message,
  type SendOutcome,
  type Storage,
  type StorageDriver,
} from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { type MemoryTransportOptions, memory as memoryTransport } from "sendstate/transport/memory"
import { test } from "vitest"
import { peakOf } from "../../sim/checks/peak.ts"
import { advance, advanceUntil } from "./virtual-time.ts"
import { accepted, campaign, crowd, renderer } from "./world.ts"

interface Options extends MemoryTransportOptions {
  readonly limits?: LimitsInput
  readonly storage?: Storage
}

const layer = ({ limits = {}, storage = memoryStorage(), ...transport }: Options) =>
  Sendstate.layer({ storage, limits, transport: memoryTransport(transport), renderer: renderer() })

/** A transport's `outcome` that notes the order of the mails by what is before the `@` of the sender. */
const noting = (order: Array<string>) => (message: Message) => {
  order.push(message.from.address.split("@")[0] ?? "")
  return accepted
}

const of = (sender: string) => ({ id: sender, from: `${sender}@acme.test` })

it.effect("campaigns take turns at a slow transport: a small one does not wait behind a large one", () => {
  const order: Array<string> = []
  return Effect.gen(function* () {
    const { create } = yield* Sendstate
    const large = yield* create(campaign(of("large")))
    yield* large.enroll(crowd(200))
    yield* advance(2_000, 100)
    const small = yield* create(campaign(of("small")))
    yield* small.enroll(crowd(10))
    const before = order.length
    yield* advanceUntil(
      Effect.map(small.stats, ({ sent }) => sent === 10),
      { stepMs: 50 },
    )
    const since = order.slice(before)
    expect(since.filter((name) => name === "large").length).toBeLessThanOrEqual(12)
  }).pipe(Effect.provide(layer({ outcome: noting(order), maxPerSecond: 10, maxConcurrency: 4 })))
})

it.effect("campaigns share a limit in turns, although one of them booked it for hours", () => {
  const order: Array<string> = []
  return Effect.gen(function* () {
    const { create } = yield* Sendstate
    const large = yield* create(campaign(of("large")))
    yield* large.enroll(crowd(300))
    yield* advance(5_000, 500)
    const small = yield* create(campaign(of("small")))
    yield* small.enroll(crowd(10))
    const before = order.length
    yield* advanceUntil(
      Effect.map(small.stats, ({ sent }) => sent === 10),
      { stepMs: 250 },
    )
    expect(order.slice(before).length).toBeLessThanOrEqual(24)
  }).pipe(Effect.provide(layer({ outcome: noting(order), limits: { domains: { "example.test": "2 / second" } } })))
})

it.effect("a transactional mail waits for the next start of a limit, never behind bulk", () => {
  const order: Array<string> = []
  return Effect.gen(function* () {
    const { create } = yield* Sendstate
    const bulk = yield* create(campaign(of("bulk")))
    yield* bulk.enroll(crowd(300))
    yield* advance(10_000, 500)
    const urgent = yield* create(campaign({ ...of("urgent"), priority: "transactional" }))
    for (let round = 0; round < 5; round += 1) {
      const before = order.length
      yield* urgent.schedule([{ lead: { email: `ann${round}@example.test` }, template: "hello" }])
      yield* advance(1_100, 50)
      expect(order.slice(before)).toContain("urgent")
    }
  }).pipe(Effect.provide(layer({ outcome: noting(order), limits: { runtime: "1 / second" } })))
})

it.effect("who is put off says for which limit, holds no lease, and health shows the limit", () =>
  Effect.gen(function* () {
    const { create, explain, health } = yield* Sendstate
    const spring = yield* create(campaign({ limit: "1 / minute" }))
    const ids = yield* spring.schedule(crowd(5).map((lead) => ({ lead, template: "hello" })))
    yield* advance(1_000, 100)
    const [first, ...others] = yield* Effect.forEach(ids, (id) => explain(id))
    expect(first?.summary).toContain("sent")
    for (const [index, { summary, execution }] of others.entries()) {
      const turn = (index + 1) * 60_000
      expect(summary).toContain("bucket campaign spring empty until 1970-01-01T00:0")
      expect(execution).toMatchObject({ state: "scheduled", owner: null, context: { attempt: 0, used: 0 } })
      expect(execution.dueAt).toBeGreaterThan(turn - 3_000)
      expect(execution.dueAt).toBeLessThan(turn + 1_000)
    }
    expect((yield* health).limits).toMatchObject([{ bucket: "campaign spring", waiting: 0 }])
    yield* advanceUntil(
      Effect.map(spring.stats, ({ sent }) => sent === 5),
      { stepMs: 1_000 },
    )
  }).pipe(Effect.provide(layer({}))),
)

it.effect("a mail in line for the transport says what it waits for", () =>
  Effect.gen(function* () {
    const { create, explain } = yield* Sendstate
    const spring = yield* create(campaign())
    const ids = yield* spring.schedule(crowd(2).map((lead) => ({ lead, template: "hello" })))
    yield* advance(200, 10)
    const summaries = yield* Effect.forEach(ids, (id) => Effect.map(explain(id), ({ summary }) => summary))
    expect(summaries).toContainEqual("due, waiting: the rate of memory")
  }).pipe(Effect.provide(layer({ maxPerSecond: 0.01 }))),
)

/** A store whose documents take their time, so that readers and writers of one overtake each other. */
const slowDocuments = (): Storage => {
  const real = memoryStorage()
  return {
    ...real,
    open: async (options) => {
      const driver = await real.open(options)
      return {
        ...driver,
        documents: async (kind, keys) => {
          const found = await driver.documents(kind, keys)
          await setImmediate()
          return found
        },
      }
    },
  }
}

/** One store that several runtimes open, as processes of a shared storage do. */
const shared = (): Storage => {
  const real = memoryStorage()
  let driver: StorageDriver | undefined
  return {
    ...real,
    capabilities: { ...real.capabilities, processes: "many", control: false },
    open: async (options) => {
      driver ??= await real.open(options)
      return { ...driver, close: () => {} }
    },
  }
}

it.effect.each<LimitsInput>([{ runtime: "10 / second" }, { transports: { memory: "10 / second" } }])(
  "processes of one store share a limit: %j",
  (limits) => {
    const storage = shared()
    const calls: Array<number> = []
    const process = (name: string, size: number) =>
      Effect.gen(function* () {
        const { create } = yield* Sendstate
        const spring = yield* create(campaign({ id: name }))
        yield* spring.enroll(crowd(size))
        return spring
      })
    return Effect.gen(function* () {
      const clock = yield* Effect.clockWith(Effect.succeed)
      const outcome = () => {
        calls.push(clock.currentTimeMillisUnsafe())
        return accepted
      }
      const open = Layer.build(Layer.fresh(layer({ storage, outcome, limits })))
      const one = yield* Effect.provide(process("one", 60), yield* open)
      const other = yield* Effect.provide(process("other", 60), yield* open)
      yield* advanceUntil(
        Effect.map(Effect.all([one.stats, other.stats]), ([left, right]) => left.sent + right.sent === 120),
        { stepMs: 50 },
      )
      expect(calls).toHaveLength(120)
      expect(peakOf(calls, 1_000)).toBeLessThanOrEqual(10)
      // 12 s at the full rate; a process that has nothing to send wastes what it had set aside.
      expect(Math.max(...calls) - Math.min(...calls)).toBeLessThan(20_000)
    }).pipe(Effect.scoped)
  },
)

test.each<[LimitsInput, RegExp]>([
  [{ runtime: "fast" }, /runtime: "fast" is no rate; write for example/],
  [{ runtime: "0 / second" }, /runtime.count/],
  [{ runtime: { count: 1, per: 0 } }, /runtime.per: a rate needs a time/],
  [{ domains: { "no domain": "1 / second" } }, /"no domain" is no domain/],
  [
    { senders: { "acme.test": { count: 5, per: "1 s", warmUp: [{ from: "soon", perDay: 5 }] } } },
    /senders.acme.test.warmUp.0.from: "soon" is no date/,
  ],
  ...["2026-02-30", "2026-11-31T06:00:00Z", "2026-12-01T06:00:00"].map((from): [LimitsInput, RegExp] => [
    { senders: { "acme.test": { count: 5, per: "1 s", warmUp: [{ from, perDay: 5 }] } } },
    /is no date that exists/,
  ]),
])("limits that make no sense are refused: %j", async (limits, why) => {
  const opening = async () => createRuntime({ storage: memoryStorage(), transport: memoryTransport(), limits })
  await expect(opening()).rejects.toThrow(InvalidInput)
  await expect(opening()).rejects.toThrow(why)
})

test("rates are written in several ways", async () => {
  const leads: ReadonlyArray<LeadInput> = crowd(1)
  for (const limit of ["20/second", "20 / 1 s", { count: 20, per: "1 second" }, { count: 20, per: 1_000, burst: 5 }]) {
    const runtime = await createRuntime({
      storage: memoryStorage(),
      transport: memoryTransport(),
      renderer: renderer(),
      limits: { runtime: limit },
    })
    const spring = await runtime.campaigns.create(campaign({ limit }))
    await spring.enroll(leads)
    await spring.close()
    await expect(spring.completed()).resolves.toMatchObject({ sent: 1 })
    await runtime.close()
  }
})

it.effect("health shows who asked for less, and how it recovers", () => {
  const refuses = new Set(["slow.test"])
  const outcome = ({ to }: Message): SendOutcome =>
    refuses.has(to.address.split("@")[1] ?? "")
      ? {
          type: "rejected",
          scope: "sender",
          retryable: true,
          code: "451",
          enhancedCode: "4.7.0",
          response: "slow down",
        }
      : accepted
  return Effect.gen(function* () {
    const { create, health } = yield* Sendstate
    const spring = yield* create(campaign({ retry: { attempts: 100, base: "30 seconds", factor: 1, jitter: 0 } }))
    yield* spring.enroll(crowd(100).map(({ email }) => ({ email: email.replace("example.test", "slow.test") })))
    yield* spring.enroll(crowd(100))
    yield* advance(3_000, 100)
    const [slowed] = (yield* health).slowed
    expect(slowed).toMatchObject({ domain: "slow.test", cause: "slow down" })
    expect(slowed?.perSecond).toBeCloseTo((slowed?.fullPerSecond ?? 0) / 2)
    refuses.clear()
    yield* advance(60_000, 1_000)
    const [better] = (yield* health).slowed
    expect(better?.perSecond ?? Number.POSITIVE_INFINITY).toBeGreaterThan(slowed?.perSecond ?? 0)
    yield* advanceUntil(
      Effect.map(spring.stats, ({ sent }) => sent === 200),
      { stepMs: 1_000 },
    )
    yield* advance(600_000, 60_000)
    expect((yield* health).slowed).toEqual([])
  }).pipe(Effect.provide(layer({ outcome })))
})

it.effect("a server that asks for less is given half as much at once, and gets the rest back in time", () => {
  let asked = 0
  const outcome = (): SendOutcome => {
    asked += 1
    return asked === 50
      ? { type: "rejected", scope: "host", retryable: true, code: "421", response: "421 4.7.0 slow down" }
      : accepted
  }
  return Effect.gen(function* () {
    const { create, health } = yield* Sendstate
    const spring = yield* create(campaign())
    yield* spring.enroll(crowd(60))
    yield* advance(3_000, 50)
    const concurrency = Effect.map(health, ({ transport }) => transport.gate.concurrency)
    expect(asked).toBeGreaterThan(50)
    const reduced = yield* concurrency
    expect(reduced).toBeLessThanOrEqual(8)
    yield* advance(20_000, 1_000)
    expect(yield* concurrency).toBe(reduced + 2)
    yield* advance(200_000, 10_000)
    expect(yield* concurrency).toBe(16)
  }).pipe(Effect.provide(layer({ outcome, maxConcurrency: 16 })))
})

it.effect("campaigns that mail one lead at the same moment pass a cap together no more than one by one", () => {
  let sent = 0
  const outcome = (): SendOutcome => {
    sent += 1
    return accepted
  }
  return Effect.gen(function* () {
    const { create, explain } = yield* Sendstate
    const mails = yield* Effect.forEach(["one", "two", "three", "four"], (id) =>
      Effect.gen(function* () {
        const one = yield* create(campaign({ id, timeZone: "Asia/Tokyo" }))
        return yield* one.schedule([{ lead: { email: "ann@example.test" }, template: "hello", at: 5_000 }])
      }),
    )
    yield* advance(10_000, 500)
    expect(sent).toBe(2)
    const waiting = (yield* Effect.forEach(mails.flat(), (id) => explain(id))).filter(
      ({ execution }) => execution.state === "scheduled",
    )
    expect(waiting).toHaveLength(2)
    for (const { summary, execution } of waiting) {
      expect(summary).toContain("frequency cap of 2 a day reached until 1970-01-02T00:00:0")
      expect(execution).toMatchObject({ context: { attempt: 0, used: 0 }, owner: null })
    }
  }).pipe(Effect.provide(layer({ outcome, storage: slowDocuments(), limits: { frequency: { max: 2, per: "day" } } })))
})

it.effect("before a host that is down mails stand in line, and are not put off for a limit again and again", () => {
  const moves: Array<string> = []
  return Effect.gen(function* () {
    const { create, events } = yield* Sendstate
    yield* Effect.forkScoped(
      Stream.runForEach(events, (event) =>
        Effect.sync(() => {
          if (event.type === "execution")
            moves.push(...event.events.filter(({ type }) => type === "RESCHEDULE").map(() => event.executionId))
        }),
      ),
    )
    const spring = yield* create(campaign({}))
    yield* spring.enroll(crowd(30))
    yield* advance(300_000, 500)
    expect((yield* spring.stats).sent).toBe(0)
    expect(moves.length).toBeLessThan(60)
  }).pipe(
    Effect.scoped,
    Effect.provide(
      layer({
        outcome: () => ({ type: "rejected", scope: "host", retryable: true, code: "connection-refused" }),
        maxConcurrency: 1,
        limits: { domains: { "*": { count: 600, per: "1 minute" } } },
      }),
    ),
  )
})
