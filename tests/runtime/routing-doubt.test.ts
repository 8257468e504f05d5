import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { TransportRoute } from "sendstate"
import type { SendOutcome } from "sendstate/sdk"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { expectReplayable, keptStore, lifeUntilKilled, live, network, sent } from "./several-transports.ts"
import { advance, advanceUntil } from "./virtual-time.ts"
import { accepted, busy, campaign, crowd, down, lost, misconfigured, people } from "./world.ts"

// What transports answer in turn; more lost answers than there would be.
const anyAnswers = fc.record({
  policy: fc.constantFrom("resend" as const, "hold" as const),
  answers: fc.array(fc.constantFrom(accepted, lost, lost, down, busy, misconfigured), { minLength: 5, maxLength: 40 }),
  killAfter: fc.integer({ min: 1, max: 60 }),
  weights: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 5 })),
})

it.effect(
  "whatever happens, a mail in doubt is never handed to another transport, not after a kill either",
  () =>
    Effect.gen(function* () {
      const seen = { doubts: 0, resends: 0, moves: 0, leftByKill: 0 }
      for (const { policy, answers, killAfter, weights } of fc.sample(anyAnswers, { seed: 11, numRuns: 25 })) {
        let asked = 0
        let isDying = true
        const store = keptStore()
        const { route, calls } = network(() =>
          isDying && calls.length >= killAfter ? undefined : answers[asked++ % answers.length],
        )
        const transports = () => [route("one", { weight: weights[0] }), route("two", { weight: weights[1] })]
        const definition = { onUnknown: policy, retry: { attempts: 6, base: "1 second", jitter: 0 } } as const
        yield* lifeUntilKilled(
          store,
          Effect.gen(function* () {
            const { create } = yield* live(store, transports())
            const spring = yield* create(campaign(definition))
            yield* spring.enroll(crowd(20))
            for (let step = 0; step < 400 && calls.length <= killAfter; step += 1) {
              yield* advance(5)
              if ((yield* spring.state) === "degraded") yield* spring.resume
            }
          }),
        )
        // What had an intent and no receipt: whether it was called or not, only its transport may have it.
        const open = (yield* Effect.promise(store.rows)).filter(({ intent }) => intent !== null)
        seen.leftByKill += open.length
        const before = calls.length
        isDying = false
        yield* Effect.scoped(
          Effect.gen(function* () {
            const runtime = yield* live(store, transports())
            const spring = yield* runtime.campaign("spring")
            for (let step = 0; step < 60; step += 1) {
              yield* advance(2_000, 500)
              if ((yield* spring.state) === "degraded") yield* spring.resume
            }
          }),
        )
        for (const { id, context } of open)
          for (const call of calls.slice(before)) if (call.key === id) expect(call.via).toBe(context.via)
        const mayHave = new Map<string, string>()
        const last = new Map<string, string>()
        for (const { via, key, said } of calls) {
          const holder = mayHave.get(key)
          if (holder !== undefined) {
            expect(via).toBe(holder)
            seen.resends += 1
          } else if (last.has(key) && last.get(key) !== via) seen.moves += 1
          if (said === "unknown" || said === "nothing") {
            seen.doubts += 1
            mayHave.set(key, via)
          }
          last.set(key, via)
        }
        yield* expectReplayable(store)
      }
      // It was put to the test.
      for (const [what, count] of Object.entries(seen)) expect([what, count > 10]).toEqual([what, true])
    }),
  120_000,
)

it.effect("a mail in doubt whose transport is not configured any more stays in doubt, and says so", () => {
  let answer: SendOutcome | undefined
  const store = keptStore()
  const never = new Promise<never>(() => {})
  const { route, of, calls } = network(() => accepted)
  const hanging: TransportRoute = {
    name: "main",
    transport: {
      ...memoryTransport({ maxConcurrency: 4 }),
      send: async (_, { handoff, idempotencyKey: key }) => {
        handoff()
        calls.push({ via: "main", key, said: answer?.type ?? "nothing" })
        return answer ?? never
      },
    },
  }
  return Effect.gen(function* () {
    yield* lifeUntilKilled(
      store,
      Effect.gen(function* () {
        const { create } = yield* live(store, [hanging])
        const spring = yield* create(campaign({ onUnknown: "resend", retry: { attempts: 9, base: "1 s", jitter: 0 } }))
        yield* spring.enroll(people("ann"))
        yield* advanceUntil(Effect.sync(() => of("main") === 1))
      }),
    )
    const id = calls[0]?.key ?? ""
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { explain, resolve, health } = yield* live(store, [route("backup"), route("other")])
        yield* advance(200_000, 5_000)
        const { summary, execution } = yield* explain(id)
        expect(execution.state).toBe("sending.inDoubt")
        expect(summary).toContain('the transport \\"main\\" may have it, and is not configured')
        // Somebody says that it was not sent; that is no evidence.
        expect(yield* resolve(id, "notSent")).toBe("applied")
        yield* advance(1_000_000, 50_000)
        const waiting = (yield* explain(id)).execution
        expect(waiting.state).toBe("retrying")
        expect(waiting.context).toMatchObject({ unknownAttempts: [1], reason: { code: "transport-missing" } })
        expect((yield* health).campaigns).toMatchObject([{ state: "running" }])
      }),
    )
    expect(calls.map(({ via }) => via)).toEqual(["main"])
    answer = accepted
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { explain } = yield* live(store, [route("backup"), hanging])
        yield* advanceUntil(
          Effect.map(explain(id), ({ execution }) => execution.state === "done"),
          { stepMs: 5_000 },
        )
      }),
    )
    expect(calls.map(({ via }) => via)).toEqual(["main", "main"])
    yield* expectReplayable(store)
  })
})

it.effect("in doubt through a transport that refuses by now: it waits for that one, the others go on", () => {
  let mainSays: SendOutcome = lost
  const { route, calls } = network(({ via }) => (via === "main" ? mainSays : accepted))
  const store = keptStore()
  return Effect.gen(function* () {
    const runtime = yield* live(store, [route("main"), route("backup", { weight: 0 })])
    const spring = yield* runtime.create(
      campaign({ onUnknown: "resend", retry: { attempts: 9, base: "1 s", jitter: 0 } }),
    )
    yield* spring.enroll(people("ann"))
    yield* advanceUntil(Effect.sync(() => calls.length === 1))
    const id = calls[0]?.key ?? ""
    mainSays = misconfigured
    yield* spring.enroll(crowd(50))
    yield* advance(30_000, 500)
    expect(yield* spring.stats).toMatchObject({ sent: 50 })
    expect(yield* spring.state).toBe("running")
    const { execution } = yield* runtime.explain(id)
    expect(execution).toMatchObject({ state: "retrying", context: { reason: { code: "transport-refuses" } } })
    mainSays = accepted
    yield* advance(700_000, 5_000)
    expect(yield* spring.stats).toMatchObject({ sent: 51, resent: 1 })
    expect(new Set(calls.filter(({ key }) => key === id).map(({ via }) => via))).toEqual(new Set(["main"]))
    yield* expectReplayable(store)
  }).pipe(Effect.scoped)
})

it.effect("only the transport that may have a mail is asked about it", () => {
  const asked: string[] = []
  const { route } = network(() => lost)
  const asking = (name: string): TransportRoute => {
    const { transport, ...rest } = route(name)
    return {
      ...rest,
      transport: {
        ...transport,
        lookup: async () => {
          asked.push(name)
          return { type: "accepted" }
        },
      },
    }
  }
  const store = keptStore()
  return Effect.gen(function* () {
    const runtime = yield* live(store, [asking("one"), asking("two")])
    yield* sent(runtime, {}, 40)
    const went = (yield* Effect.promise(store.rows)).map(({ context }) => context.via)
    expect(asked.sort()).toEqual(went.sort())
    expect(new Set(asked).size).toBe(2)
  }).pipe(Effect.scoped)
})
