import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Timeline } from "./timeline.ts"

const nanosPerMilli = BigInt(1_000_000)

/**
 * One process's view of a simulated world's time, as Effect's Clock: a wall clock that may be set, a monotonic clock that
 * may not, and timers that follow the monotonic one. A frozen process hears its timers when it goes on.
 */
export class VirtualClock implements Clock.Clock {
  readonly #timeline: Timeline
  /** Epoch ms of the wall clock at the start of the timeline. */
  #epoch: number
  #frozenUntil = 0

  constructor(timeline: Timeline, epoch: number) {
    this.#timeline = timeline
    this.#epoch = epoch
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  currentTimeMillisUnsafe(): number {
    return this.#epoch + this.#timeline.now
  }

  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.currentTimeMillisUnsafe()) * nanosPerMilli
  }

  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(this.#timeline.now) * nanosPerMilli
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const millis = Duration.toMillis(duration)
    if (millis <= 0) return Effect.yieldNow
    if (!Number.isFinite(millis)) return Effect.never
    return Effect.callback((resume) => {
      const cancel = this.set(millis, () => resume(Effect.void))
      return Effect.sync(cancel)
    })
  }

  /** Calls back after so many milliseconds, or when a process that is frozen then goes on; answers how to take it back. */
  set(afterMs: number, ring: () => void): () => void {
    let cancel: () => void = () => undefined
    const wait = (at: number): void => {
      if (at === Number.POSITIVE_INFINITY) return
      cancel = this.#timeline.set(at, () => {
        if (this.#frozenUntil > this.#timeline.now) wait(this.#frozenUntil)
        else ring()
      })
    }
    wait(this.#timeline.now + afterMs)
    return () => cancel()
  }

  /** Sets the wall clock by so many milliseconds, forward or back. */
  step(byMs: number): void {
    this.#epoch += Math.round(byMs)
  }

  /** No timer of the process rings for so many milliseconds from now on. */
  freeze(forMs: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#timeline.now + Math.ceil(forMs))
  }
}
