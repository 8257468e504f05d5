import { setImmediate } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"

/** Lets everything happen that needs no time but turns of the event loop. */
const macrotasks = Effect.promise(async () => {
  for (let turn = 0; turn < 4; turn += 1) await setImmediate()
})

/** Goes on in virtual time, step by step, until it is true; fails after so many steps. */
export const advanceUntil = (
  isIt: Effect.Effect<boolean, unknown>,
  { stepMs = 5, steps = 2_000 }: { readonly stepMs?: number; readonly steps?: number } = {},
): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let step = 0; step < steps; step += 1) {
      if (yield* Effect.orDie(isIt)) return
      yield* TestClock.adjust(stepMs)
      yield* macrotasks
    }
    yield* Effect.die(new Error(`it did not happen within ${steps} steps of ${stepMs} ms`))
  })

/** So much virtual time passes, and what it started has its turns. */
export const advance = (ms: number, stepMs = ms): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let passed = 0; passed < ms; passed += stepMs) {
      yield* TestClock.adjust(stepMs)
      yield* macrotasks
      // Group commit waits a moment for company.
      yield* TestClock.adjust(1)
      yield* macrotasks
    }
  })
