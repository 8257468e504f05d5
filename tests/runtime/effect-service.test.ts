import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Sendstate } from "sendstate/effect"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { faultyStorage } from "sendstate/testing"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { accepted, campaign, crowd, door, gone, openCampaign, renderer } from "./world.ts"

const definition = campaign({ steps: [{ template: "hello" }, { template: "nudge", after: "1 minute" }] })
const outcome = ({ to }: { to: { address: string } }) => (to.address.startsWith("lead1") ? gone : accepted)

it.live("the Effect service does what the Promise API does, to the last count", () => {
  const transport = memoryTransport({ outcome })
  return Effect.gen(function* () {
    const sendstate = yield* Sendstate
    const spring = yield* sendstate.create(definition, { speed: 60_000 })
    const states = yield* Effect.forkChild(
      Stream.runCollect(
        spring.events.pipe(
          Stream.filter((event) => event.type === "campaign"),
          Stream.take(1),
        ),
      ),
      { startImmediately: true },
    )
    const enrolled = yield* spring.enroll(crowd(25))
    yield* sendstate.suppress("lead2@example.test")
    yield* spring.close
    const counts = yield* spring.completed

    const world = yield* Effect.promise(() =>
      openCampaign(
        { steps: [{ template: "hello" }, { template: "nudge", after: "1 minute" }] },
        { speed: 60_000, transport: { outcome } },
      ),
    )
    const same = yield* Effect.promise(async () => {
      const result = await world.spring.enroll(crowd(25))
      await world.runtime.suppress("lead2@example.test")
      await world.spring.close()
      return { enrolled: result, counts: await world.spring.completed() }
    })
    expect({ enrolled, counts }).toEqual(same)
    expect(counts).toMatchObject({ failed: 11, suppressed: 1, sent: 26 })
    expect(yield* spring.state).toBe("completed")
    expect(yield* Fiber.join(states)).toMatchObject([{ state: "completed" }])

    const [failed] = (yield* Effect.promise(() => world.executions())).filter(
      ({ context }) => context.outcome === "failed",
    )
    const id = failed?.id ?? ""
    // Ids are made of campaign, lead and step: the same in both stores.
    expect((yield* sendstate.explain(id)).summary).toContain("failed")
    expect(yield* sendstate.retry(id)).toBe("applied")
    expect(yield* sendstate.cancel("nobody")).toBe("missing")
    expect(yield* Effect.flip(sendstate.campaign("nowhere"))).toMatchObject({ _tag: "NotFound" })
    expect(yield* Effect.flip(sendstate.create(campaign({ id: "no id!" })))).toMatchObject({ _tag: "InvalidInput" })
    expect(yield* Effect.flip(sendstate.create(campaign(), {}))).toMatchObject({ _tag: "Conflict" })
    expect(yield* Effect.flip(sendstate.reschedule(id, Number.NaN))).toMatchObject({ _tag: "InvalidInput" })
  }).pipe(Effect.provide(Sendstate.layer({ storage: memoryStorage(), transport, renderer: renderer() })))
})

it.live("a layer that closes while work is under way gives it back: the next one goes on, without doubt", () => {
  const storage = memoryStorage()
  const transport = memoryTransport({ maxPerSecond: 200, maxConcurrency: 2 })
  const use = <A>(body: (sendstate: Sendstate["Service"]) => Effect.Effect<A, unknown>) =>
    Effect.gen(function* () {
      return yield* body(yield* Sendstate)
    }).pipe(Effect.provide(Sendstate.layer({ storage, transport, renderer: renderer() })))
  return Effect.gen(function* () {
    yield* use(({ create }) => Effect.flatMap(create(campaign()), (spring) => spring.enroll(crowd(30))))
    const counts = yield* use(({ campaign: find }) =>
      Effect.flatMap(find("spring"), (spring) => Effect.andThen(spring.close, spring.completed)),
    )
    expect(counts).toMatchObject({ sent: 30, inDoubtTotal: 0, resent: 0 })
    expect(transport.count).toBe(30)
  })
})

it.live("who waits for a campaign whose layer has closed is interrupted, not left waiting", () => {
  const storage = faultyStorage()
  const asked = door()
  storage.fault = (method) => {
    if (method !== "enroll") return undefined
    asked.open()
    return { wait: new Promise(() => {}) }
  }
  return Effect.gen(function* () {
    const waiting = yield* Effect.gen(function* () {
      const { create } = yield* Sendstate
      const spring = yield* create(campaign())
      // The second stands in line behind the first, which the storage never answers.
      const first = yield* Effect.forkDetach(spring.enroll(crowd(1)), { startImmediately: true })
      yield* Effect.promise(() => asked.opened)
      return [first, yield* Effect.forkDetach(spring.pause, { startImmediately: true })]
    }).pipe(Effect.provide(Sendstate.layer({ storage, transport: memoryTransport(), renderer: renderer() })))
    for (const fiber of waiting) expect(Exit.hasInterrupts(yield* Fiber.await<unknown, unknown>(fiber))).toBe(true)
  })
})
