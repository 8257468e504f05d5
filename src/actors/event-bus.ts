import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import type { RuntimeEvent } from "../sdk/index.ts"

/** One listener's view: what it has not taken yet, and how much it lost by being slow. */
export interface Subscription {
  /** The next event; a `lagged` event stands where some were lost. `undefined` when the bus has closed. */
  readonly next: Effect.Effect<RuntimeEvent | undefined>
}

/** Events kept for one listener before the oldest are dropped. */
const bufferSize = 10_000

/** Tells listeners what has become durable. Never waits for one of them. */
export class EventBus extends Context.Service<
  EventBus,
  {
    readonly publish: (event: RuntimeEvent) => void
    readonly subscribe: Effect.Effect<Subscription, never, Scope>
  }
>()("sendstate/actors/EventBus") {
  static readonly layer: Layer.Layer<EventBus> = Layer.effect(
    EventBus,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const listeners = new Set<{ buffer: RuntimeEvent[]; missed: number; ready: Latch.Latch }>()
      let closed = false
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          closed = true
          for (const listener of listeners) listener.ready.openUnsafe()
        }),
      )

      return EventBus.of({
        publish: (event) => {
          for (const listener of listeners) {
            listener.buffer.push(event)
            if (listener.buffer.length > bufferSize) {
              // Dropping half at once keeps the cost of a slow listener constant per event.
              listener.missed += listener.buffer.splice(0, bufferSize / 2).length
            }
            listener.ready.openUnsafe()
          }
        },
        subscribe: Effect.gen(function* () {
          const listener = { buffer: [] as RuntimeEvent[], missed: 0, ready: Latch.makeUnsafe(false) }
          yield* Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener)),
          )
          let taken = 0
          const take = (): RuntimeEvent | undefined => {
            if (listener.missed > 0) {
              const missed = listener.missed
              listener.missed = 0
              taken = 0
              return { type: "lagged", at: clock.currentTimeMillisUnsafe(), missed }
            }
            const event = listener.buffer[taken]
            if (event !== undefined) taken += 1
            // Shifting one by one is quadratic for a long buffer.
            if (taken > 1_000 || taken === listener.buffer.length) {
              listener.buffer.splice(0, taken)
              taken = 0
            }
            return event
          }
          const next: Subscription["next"] = Effect.gen(function* () {
            while (true) {
              const event = take()
              if (event !== undefined || closed) return event
              listener.ready.closeUnsafe()
              yield* listener.ready.await
            }
          })
          return { next }
        }),
      })
    }),
  )
}
