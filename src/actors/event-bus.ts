import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import type { RuntimeEvent } from "../sdk/index.ts"

/** One listener's view: what it has not taken yet, and how much it lost by being slow. */
export interface Subscription {
  /** The next event; a `lagged` event stands where some were lost. `undefined` at the end. */
  readonly next: Effect.Effect<RuntimeEvent | undefined>
  /** Takes no more: `next` answers what has come so far, then the end. */
  readonly end: () => void
}

interface Listener {
  buffer: RuntimeEvent[]
  /** How many of the buffer were taken. */
  taken: number
  missed: number
  ended: boolean
  readonly ready: Latch.Latch
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
      const listeners = new Set<Listener>()
      const end = (listener: Listener): void => {
        listener.ended = true
        listener.ready.openUnsafe()
      }
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const listener of listeners) end(listener)
        }),
      )

      return EventBus.of({
        publish: (event) => {
          for (const listener of listeners) {
            if (listener.ended) continue
            listener.buffer.push(event)
            if (listener.buffer.length - listener.taken > bufferSize) {
              // Dropping half at once keeps the cost of a slow listener constant per event.
              listener.buffer.splice(0, listener.taken + bufferSize / 2)
              listener.missed += bufferSize / 2
              listener.taken = 0
            }
            listener.ready.openUnsafe()
          }
        },
        subscribe: Effect.gen(function* () {
          const listener: Listener = { buffer: [], taken: 0, missed: 0, ended: false, ready: Latch.makeUnsafe(false) }
          yield* Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener)),
          )
          const take = (): RuntimeEvent | undefined => {
            if (listener.missed > 0) {
              const { missed } = listener
              listener.missed = 0
              return { type: "lagged", at: clock.currentTimeMillisUnsafe(), missed }
            }
            const event = listener.buffer[listener.taken]
            if (event !== undefined) listener.taken += 1
            // Shifting one by one is quadratic for a long buffer.
            if (listener.taken > 1_000 || listener.taken === listener.buffer.length) {
              listener.buffer.splice(0, listener.taken)
              listener.taken = 0
            }
            return event
          }
          const next: Subscription["next"] = Effect.gen(function* () {
            while (true) {
              const event = take()
              if (event !== undefined || listener.ended) return event
              listener.ready.closeUnsafe()
              yield* listener.ready.await
            }
          })
          return { next, end: () => end(listener) }
        }),
      })
    }),
  )
}
