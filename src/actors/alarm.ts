import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Scope } from "effect/Scope"
import { elapsedMs } from "./elapsed.ts"

/** One timer on the runtime's clock for many who wait: set again as often as needed, the earliest time counts. */
export interface Alarm {
  /** Rings at this instant of {@link elapsedMs}, or earlier where it is set already. */
  readonly set: (at: number) => void
}

/** An alarm that calls `onRing` for as long as the scope lives. `onRing` sets it again where there is more to wait for. */
export const makeAlarm = (onRing: () => void): Effect.Effect<Alarm, never, Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    let ringsAt = Number.POSITIVE_INFINITY
    let sleeper: Fiber.Fiber<void> | undefined
    const silence = (): void => {
      sleeper?.interruptUnsafe()
      sleeper = undefined
      ringsAt = Number.POSITIVE_INFINITY
    }
    yield* Effect.addFinalizer(() => Effect.sync(silence))
    return {
      set: (at) => {
        if (at >= ringsAt) return
        silence()
        ringsAt = at
        sleeper = fork(
          Effect.andThen(
            Effect.sleep(Math.max(0, Math.ceil(at - elapsedMs(clock)))),
            Effect.sync(() => {
              sleeper = undefined
              ringsAt = Number.POSITIVE_INFINITY
              onRing()
            }),
          ),
        )
      },
    }
  })
