import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type { Commit, CommitResult, StorageError } from "../sdk/index.ts"
import { Store } from "./store.ts"

/**
 * How long a commit waits for company, milliseconds: about as long as the last write took, so that a slow disk gets
 * fewer, larger writes and a fast one answers at once.
 */
const shortestGatherMs = 1
const longestGatherMs = 10

/** Commits per write at most: bounds how long one write can hold up the next. */
const largestBatch = 512

interface Waiting {
  readonly commit: Commit
  readonly resume: (result: Effect.Effect<CommitResult, StorageError>) => void
}

/** Group commit for all campaigns of the process: many executions share one durable write. */
export class Committer extends Context.Service<
  Committer,
  {
    /** Answers when the commit is durable, or was refused. Cannot be interrupted: what was asked for is written. */
    readonly commit: (commit: Commit) => Effect.Effect<CommitResult, StorageError>
  }
>()("sendstate/actors/Committer") {
  static readonly layer: Layer.Layer<Committer, never, Store> = Layer.effect(
    Committer,
    Effect.gen(function* () {
      const store = yield* Store
      const clock = yield* Clock.Clock
      const work = Latch.makeUnsafe(false)
      let waiting: Waiting[] = []
      let gatherMs = shortestGatherMs

      const flush = Effect.gen(function* () {
        const batch = waiting.slice(0, largestBatch)
        waiting = waiting.slice(largestBatch)
        if (waiting.length === 0) work.closeUnsafe()
        const startedNanos = clock.monotonicTimeNanosUnsafe()
        const exit = yield* Effect.exit(
          store.use((driver) =>
            driver.commit(
              batch.map(({ commit }) => commit),
              clock.currentTimeMillisUnsafe(),
            ),
          ),
        )
        const tookMs = Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6
        gatherMs = Math.min(longestGatherMs, Math.max(shortestGatherMs, Math.round(tookMs)))
        if (Exit.isFailure(exit)) for (const { resume } of batch) resume(Effect.failCause(exit.cause))
        else
          for (const [index, { resume }] of batch.entries())
            resume(Effect.succeed(exit.value[index] ?? { type: "missing" }))
      })

      const loop = Effect.forever(
        Effect.gen(function* () {
          yield* work.await
          if (waiting.length < largestBatch) yield* Effect.sleep(gatherMs)
          yield* flush
        }),
      )
      // What is waiting when the scope closes is still written: its callers have been promised an answer.
      yield* Effect.addFinalizer(() =>
        Effect.gen(function* () {
          while (waiting.length > 0) yield* flush
        }),
      )
      yield* Effect.forkScoped(loop)

      return Committer.of({
        commit: (commit) =>
          Effect.uninterruptible(
            Effect.callback((resume) => {
              waiting.push({ commit, resume })
              work.openUnsafe()
            }),
          ),
      })
    }),
  )
}
