import * as Context from "effect/Context"

/**
 * How long a pump sleeps at most, milliseconds: a wall clock that is set, or a machine that was suspended, is noticed
 * within it, and a timer beyond 2^31-1 ms would fire at once. A world whose clock never jumps can wait longer.
 */
export const LongestSleep = Context.Reference<number>("sendstate/actors/LongestSleep", { defaultValue: () => 60_000 })
