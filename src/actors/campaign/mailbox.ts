import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Scope } from "effect/Scope"
import { Synchronous } from "../synchronous.ts"

/** Commands that may wait; beyond it askers wait before they may ask. */
const capacity = 64

/**
 * One fiber that does one thing at a time, in the order asked. A synchronous caller cannot queue: its command runs in
 * place, which is as good where a command never waits for its storage.
 */
export interface Mailbox {
  /** Runs the command when its turn comes, and answers as it does. */
  readonly ask: <A, E>(command: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** A mailbox that works for as long as the scope lives. Commands must not ask the same mailbox. */
export const makeMailbox: Effect.Effect<Mailbox, never, Scope> = Effect.gen(function* () {
  // Nobody answers any more: who waits is interrupted rather than left waiting for ever.
  const gone = yield* Deferred.make<never>()
  yield* Effect.addFinalizer(() => Deferred.interrupt(gone))
  const queue = yield* Queue.bounded<Effect.Effect<void>>(capacity)
  yield* Effect.forkScoped(Effect.provideService(Effect.forever(Effect.flatten(Queue.take(queue))), Synchronous, false))
  return {
    ask: <A, E>(command: Effect.Effect<A, E>) =>
      Effect.gen(function* () {
        if (yield* Synchronous) return yield* command
        const answer = yield* Deferred.make<A, E>()
        yield* Queue.offer(queue, Effect.asVoid(Deferred.into(command, answer)))
        return yield* Effect.raceFirst(Deferred.await(answer), Deferred.await(gone))
      }),
  }
})
