import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Scope } from "effect/Scope"
import type { DocumentWrite, StorageError } from "../../sdk/index.ts"
import { Problems } from "../problems.ts"
import { Store } from "../store.ts"
import { Synchronous } from "../synchronous.ts"
import { extend, nextStretch, type Stretch, stillOpen } from "./bucket.ts"
import { type BucketState, nextSlot, trustClock } from "./bucket-state.ts"

/** Pause after the storage failed, milliseconds. */
const pauseMs = 1_000

/** Buckets per read and write at most. */
const largestBatch = 500

/** Sets stretches of buckets aside for this process, durably, before anything in them starts. */
export interface Reservations {
  /** Asks for one more stretch; answers by `onChange`. */
  readonly reserve: (bucket: BucketState) => void
  /** Forgets the documents of buckets that changed nothing any more. */
  readonly forget: (buckets: ReadonlyArray<BucketState>) => void
}

interface Wanted {
  readonly bucket: BucketState
  readonly stretch: Stretch
}

/**
 * Reservations are compare-and-set writes of one document for each bucket: what several processes set aside never
 * overlaps, and a process that dies wastes at most what it had set aside. An error that leaves open whether a write
 * happened counts as if it had: its stretch is wasted.
 *
 * @param onChange Called after each round, whether it brought something or not; never while somebody reserves.
 */
export const makeReservations = (onChange: () => void): Effect.Effect<Reservations, never, Store | Problems | Scope> =>
  Effect.gen(function* () {
    const store = yield* Store
    const problems = yield* Problems
    const clock = yield* Clock.Clock
    const work = Latch.makeUnsafe(false)
    // A document that was removed begins at version 1 again: another process could take it for the one that it knew.
    const mayRemove = store.storage.capabilities.processes === "one"
    const asked = new Set<BucketState>()
    let removals: Array<DocumentWrite> = []

    const read = (buckets: ReadonlyArray<BucketState>): Effect.Effect<void, StorageError> =>
      Effect.gen(function* () {
        const unread = buckets.filter(({ version }) => version === undefined)
        if (unread.length === 0) return
        const documents = yield* store.use((driver) =>
          driver.documents(
            "limiter",
            unread.map(({ key }) => key),
          ),
        )
        for (const [index, bucket] of unread.entries()) {
          const document = documents[index]
          bucket.version = document?.version ?? 0
          bucket.taken = document === undefined ? Number.NEGATIVE_INFINITY : Number(document.value.taken)
        }
      })

    const write = (wanted: ReadonlyArray<Wanted>): Effect.Effect<void, StorageError> =>
      Effect.gen(function* () {
        const writes = wanted.map(({ bucket, stretch }) => ({
          kind: "limiter" as const,
          key: bucket.key,
          expected: bucket.version ?? 0,
          value: { taken: stretch.until },
        }))
        // Until the answer is there nobody knows what the documents say.
        for (const { bucket } of wanted) bucket.version = undefined
        const results = yield* store.use((driver) => driver.writeDocuments(writes))
        const now = clock.currentTimeMillisUnsafe()
        for (const [index, { bucket, stretch }] of wanted.entries()) {
          const result = results[index]
          if (result?.type !== "ok") continue
          bucket.version = result.version
          bucket.taken = stretch.until
          bucket.stretches = extend(stillOpen(bucket.stretches, now), stretch)
        }
      })

    const round = Effect.gen(function* () {
      const batch = [...asked].slice(0, largestBatch)
      const gone = removals
      removals = []
      for (const bucket of batch) asked.delete(bucket)
      if (asked.size === 0) work.closeUnsafe()
      const done = Effect.gen(function* () {
        if (gone.length > 0) yield* store.use((driver) => driver.writeDocuments(gone))
        yield* read(batch)
        const now = clock.currentTimeMillisUnsafe()
        for (const bucket of batch) trustClock(bucket, now)
        yield* write(
          batch.map((bucket) => ({
            bucket,
            stretch: nextStretch(
              bucket.rate,
              {
                taken: bucket.taken,
                held: Math.max(0, bucket.taken - nextSlot(bucket, now)),
                starts: bucket.waiting + bucket.waitingFirst,
              },
              now,
            ),
          })),
        )
        // Somebody else was first: what the document says now is read before the next round.
        yield* read(batch)
      })
      const failed = yield* done.pipe(
        Effect.as(false),
        Effect.catch((error) =>
          Effect.sync(() => {
            problems.report(`limits: ${error.message}`)
            return true
          }),
        ),
      )
      if (failed) yield* Effect.sleep(pauseMs)
      for (const bucket of batch) bucket.isReserving = false
      onChange()
    })

    // A turn of its own for each round: the latch goes on at once with who waits for it, and a storage that answers at
    // once would have `onChange` called in the middle of the `reserve` that asks.
    const rounds = Effect.forever(Effect.andThen(work.await, Effect.andThen(Effect.yieldNow, round)))
    yield* Effect.forkScoped(Effect.provideService(rounds, Synchronous, false))

    return {
      reserve: (bucket) => {
        if (bucket.isReserving) return
        bucket.isReserving = true
        asked.add(bucket)
        work.openUnsafe()
      },
      forget: (buckets) => {
        if (!mayRemove) return
        for (const { key, version } of buckets)
          if (version !== undefined && version > 0)
            removals.push({ kind: "limiter", key, expected: version, value: null })
        if (removals.length > 0) work.openUnsafe()
      },
    }
  })
