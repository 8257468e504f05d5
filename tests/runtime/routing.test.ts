import { expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { createRuntime, type RuntimeOptions } from "sendstate"
import { Sendstate } from "sendstate/effect"
import type { SendOutcome, Transport } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { test } from "vitest"
import { expectReplayable, keptStore, live, network, sent } from "./several-transports.ts"
import { advance, advanceUntil } from "./virtual-time.ts"
import { accepted, campaign, crowd, down, failureOf, misconfigured, people, renderer } from "./world.ts"

it.effect(
  "a host that is down costs no mail an attempt: the others take its share at once, and it takes part again",
  () => {
    let answer: SendOutcome = down
    const { route, of } = network(({ via }) => (via === "main" ? answer : accepted))
    const store = keptStore()
    return Effect.gen(function* () {
      const runtime = yield* live(store, [route("main"), route("backup")])
      const spring = yield* runtime.create(campaign({ retry: { attempts: 1, base: "1 hour", jitter: 0 } }))
      yield* spring.enroll(crowd(200))
      // Far less than the hour that a retry waits.
      yield* advance(3_000, 50)
      expect(yield* spring.stats).toMatchObject({ sent: 200, failed: 0, inDoubtTotal: 0 })
      expect(of("backup")).toBe(200)
      expect(of("main")).toBeLessThanOrEqual(16)
      expect(of("main")).toBeGreaterThanOrEqual(5)
      const [main, backup] = (yield* runtime.health).transports
      expect(main).toMatchObject({ name: "main", gate: { circuit: "open", cause: "connection-refused" } })
      expect(backup).toMatchObject({ name: "backup", gate: { circuit: "closed" } })
      const rows = yield* Effect.promise(store.rows)
      expect(rows.every(({ context }) => context.used === 1 && context.via === "backup")).toBe(true)
      expect(rows.filter(({ context }) => context.rerouted?.from[0] === "main").length).toBe(of("main"))
      // Nothing asks for it while nothing is to be sent; the first mails then are its probes.
      answer = accepted
      const before = of("main")
      yield* advance(70_000, 10_000)
      yield* sent(runtime, { id: "summer" }, 400, "other-")
      expect((yield* runtime.health).transports[0]).toMatchObject({ gate: { circuit: "closed" } })
      expect(of("main") - before).toBeGreaterThan(60)
      expect(of("backup") - 200).toBeGreaterThan(60)
      yield* expectReplayable(store)
    }).pipe(Effect.scoped)
  },
)

it.effect("mails in line for a host that fails leave for another one", () => {
  let answer: SendOutcome = accepted
  const { route, of } = network(({ via }) => (via === "main" ? answer : accepted))
  return Effect.gen(function* () {
    // Ten a second: hundreds stand in line for it.
    const transports = [route("main", { maxPerSecond: 10, weight: 3 }), route("backup")]
    const runtime = yield* live(keptStore(), transports)
    const spring = yield* runtime.create(campaign())
    yield* spring.enroll(crowd(400))
    yield* advance(1_000, 50)
    const [main] = (yield* runtime.health).transports
    expect(main?.gate.waiting).toBeGreaterThan(20)
    answer = down
    yield* advance(3_000, 50)
    expect((yield* runtime.health).transports[0]?.gate).toMatchObject({ circuit: "open" })
    expect(yield* spring.stats).toMatchObject({ sent: 400, failed: 0 })
    expect(of("main")).toBeLessThan(40)
  }).pipe(Effect.scoped)
})

it.effect("when all hosts are down mails wait for the first that is probed, and go on through it", () => {
  let back: string | undefined
  const { route, of, calls } = network(({ via }) => (via === back ? accepted : down))
  return Effect.gen(function* () {
    const runtime = yield* live(keptStore(), [route("one"), route("two")])
    const spring = yield* runtime.create(campaign({ retry: { attempts: 1, base: "1 s", jitter: 0 } }))
    yield* spring.enroll(crowd(100))
    yield* advance(30_000, 250)
    expect((yield* runtime.health).transports.map(({ gate }) => gate.circuit)).not.toContain("closed")
    const before = { one: of("one"), two: of("two") }
    yield* advance(300_000, 1_000)
    // Both are probed, neither is stormed.
    for (const name of ["one", "two"] as const) {
      expect(of(name) - before[name]).toBeGreaterThanOrEqual(2)
      expect(of(name) - before[name]).toBeLessThanOrEqual(8)
    }
    expect(yield* spring.stats).toMatchObject({ sent: 0, failed: 0, planned: 100 })
    back = "two"
    yield* advanceUntil(
      Effect.map(spring.stats, (counts) => counts.sent === 100),
      { stepMs: 500 },
    )
    expect(calls.filter(({ said }) => said === "accepted").every(({ via }) => via === "two")).toBe(true)
  }).pipe(Effect.scoped)
})

it.effect("a mail that every host refuses goes round once, then waits as its retry policy says", () => {
  const { route, calls } = network(() => down)
  return Effect.gen(function* () {
    const runtime = yield* live(keptStore(), [route("one"), route("two"), route("three")])
    const spring = yield* runtime.create(campaign({ retry: { attempts: 3, base: "10 s", jitter: 0 } }))
    yield* spring.enroll(people("ann"))
    yield* advance(9_000, 100)
    expect(calls.map(({ via }) => via).sort()).toEqual(["one", "three", "two"])
    yield* advance(9_000, 100)
    expect(calls).toHaveLength(6)
  }).pipe(Effect.scoped)
})

const anyWeights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 })

it.effect("weights are kept roughly, and 0 is only for when all others are out", () =>
  Effect.gen(function* () {
    for (const weights of fc.sample(anyWeights, { seed: 7, numRuns: 5 })) {
      const { route, of } = network(() => accepted)
      const size = 400
      yield* Effect.scoped(
        Effect.gen(function* () {
          const transports = weights.map((weight, index) => route(`t${index}`, { weight }))
          const runtime = yield* live(keptStore(), [...transports, route("spare", { weight: 0 })])
          yield* sent(runtime, {}, size)
        }),
      )
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [index, weight] of weights.entries()) {
        const share = weight / total
        // Five standard deviations.
        const tolerance = 5 * Math.sqrt(size * share * (1 - share))
        expect(Math.abs(of(`t${index}`) - size * share)).toBeLessThan(tolerance)
      }
      expect(of("spare")).toBe(0)
    }
    const { route, of } = network(({ via }) => (via === "main" ? down : accepted))
    const runtime = yield* live(keptStore(), [route("spare", { weight: 0 }), route("main")])
    yield* sent(runtime, {}, 100)
    expect(of("spare")).toBe(100)
  }).pipe(Effect.scoped),
)

it.effect("a sender's mails go only through transports that take them; none that does stops the campaign", () => {
  const { route, calls } = network(() => accepted)
  const store = keptStore()
  return Effect.gen(function* () {
    const runtime = yield* live(store, [
      route("news", { senders: ["News.acme.test"] }),
      route("shop", { senders: ["shop.acme.test"] }),
    ])
    yield* sent(runtime, { id: "news", from: "ann@news.acme.test" }, 30)
    yield* sent(runtime, { id: "shop", from: "ann@shop.acme.test" }, 30, "shop-")
    const rows = yield* Effect.promise(store.rows)
    expect(rows.every(({ campaignId, context }) => context.via === campaignId)).toBe(true)
    const other = yield* runtime.create(campaign({ id: "other", from: "ann@acme.test" }))
    yield* other.enroll(people("ann"))
    yield* advanceUntil(Effect.map(other.state, (state) => state === "degraded"))
    const { campaigns } = yield* runtime.health
    expect(campaigns.find(({ id }) => id === "other")?.cause).toContain("no transport takes mails from acme.test")
    expect(calls).toHaveLength(60)
  }).pipe(Effect.scoped)
})

it.effect(
  "a wrong password on one of two is noted, costs a handful of logins and no attempt, and is tried again later",
  () => {
    let answer: SendOutcome = misconfigured
    const { route, of } = network(({ via }) => (via === "main" ? answer : accepted))
    const store = keptStore()
    return Effect.gen(function* () {
      const runtime = yield* live(store, [route("main", { weight: 9 }), route("backup")])
      yield* sent(runtime, { retry: { attempts: 1, base: "1 hour", jitter: 0 } }, 300)
      expect(of("main")).toBeLessThanOrEqual(8)
      expect(of("backup")).toBe(300)
      const { transports, campaigns } = yield* runtime.health
      expect(transports[0]?.refused).toEqual([{ sender: "acme.test", cause: "535 wrong password" }])
      expect(campaigns).toMatchObject([{ state: "completed", cause: null }])
      const before = of("main")
      yield* advance(700_000, 50_000)
      yield* sent(runtime, { id: "second" }, 100, "second-")
      expect(of("main") - before).toBe(1)
      answer = accepted
      yield* advance(700_000, 50_000)
      yield* sent(runtime, { id: "third" }, 300, "third-")
      // One mail asks again; those that are on their way by then go by the other one.
      expect(of("main") - before).toBeGreaterThan(150)
      expect((yield* runtime.health).transports[0]?.refused).toEqual([])
      yield* expectReplayable(store)
    }).pipe(Effect.scoped)
  },
)

it.effect("only when every transport refuses is the campaign degraded, and resuming tries them again", () => {
  let answer: SendOutcome = misconfigured
  const { route, calls } = network(() => answer)
  return Effect.gen(function* () {
    const runtime = yield* live(keptStore(), [route("main"), route("backup")])
    const spring = yield* runtime.create(campaign({ retry: { attempts: 1, base: "1 s" } }))
    yield* spring.enroll(crowd(200))
    yield* spring.close
    yield* advanceUntil(Effect.map(spring.state, (state) => state === "degraded"))
    yield* advance(60_000, 5_000)
    expect(calls.length).toBeLessThanOrEqual(20)
    expect(yield* spring.stats).toMatchObject({ failed: 0, sent: 0 })
    answer = accepted
    yield* spring.resume
    yield* advanceUntil(
      Effect.map(spring.state, (state) => state === "completed"),
      { stepMs: 100 },
    )
    expect(yield* spring.stats).toMatchObject({ sent: 200, failed: 0 })
  }).pipe(Effect.scoped)
})

it.effect("with one transport nothing is noted about the way", () => {
  const store = keptStore()
  return Effect.gen(function* () {
    const layer = Sendstate.layer({ storage: store.storage, transport: memoryTransport(), renderer: renderer() })
    yield* sent(Context.get(yield* Layer.build(Layer.fresh(layer)), Sendstate), {}, 5)
    for (const row of yield* Effect.promise(store.rows)) {
      expect(Object.keys(row.context)).not.toContain("via")
      expect(JSON.stringify(yield* Effect.promise(() => store.history(row.id)))).not.toContain("via")
    }
  }).pipe(Effect.scoped)
})

test("options that make no sense are refused, and say what to write instead", async () => {
  const transport = memoryTransport()
  const refusalOf = async (options: object): Promise<string> => {
    const failure = await failureOf(
      createRuntime({
        storage: memoryStorage(),
        renderer: renderer(),
        ...(options as Pick<RuntimeOptions & { readonly transport: Transport }, "transport">),
      }),
    )
    expect(failure).toMatchObject({ _tag: "InvalidInput" })
    return String(failure)
  }
  expect(await refusalOf({})).toContain("give either transport")
  expect(await refusalOf({ transport, transports: [{ transport }] })).toContain("give either transport")
  expect(await refusalOf({ transports: [] })).toContain("at least one transport")
  expect(await refusalOf({ transports: [{ transport }, { transport: memoryTransport() }] })).toContain(
    'there is a transport "memory" already',
  )
  expect(await refusalOf({ transports: [{ transport }, { transport, name: "other" }] })).toContain("is given twice")
  expect(await refusalOf({ transports: [{ transport, weight: -1 }] })).toContain("weight")
  expect(await refusalOf({ transports: [{ transport, senders: ["not a domain"] }] })).toContain("is no domain")
  expect(await refusalOf({ transports: [transport] })).toContain("transport")
})
