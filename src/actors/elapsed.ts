import type { Clock } from "effect/Clock"

/**
 * Milliseconds on the monotonic clock: for waits and deadlines inside of the process, since the wall clock may be set. A
 * difference only means something.
 */
export const elapsedMs = (clock: Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
