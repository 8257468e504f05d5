import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { ExecutionRow, StorageError } from "../../sdk/index.ts"
import { elapsedMs } from "../elapsed.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { maxClaims } from "../execution/lease.ts"
import { Synchronous } from "../synchronous.ts"
import type { Recipient } from "./recipient.ts"

/** Longest sleep of a pump where other processes change the store, and their hints may be lost, milliseconds. */
const longestSharedSleepMs = 1_000

/** Pause after the storage failed, milliseconds. */
const storagePauseMs = 1_000

export interface PumpOptions {
  readonly campaignId: string
  readonly owner: string
  /** Executions alive at once. */
  readonly maxLive: number
  /** Who these rows are for. */
  readonly recipients: (rows: ReadonlyArray<ExecutionRow>) => Effect.Effect<ReadonlyArray<Recipient>, StorageError>
  /** Works on one row until it is at rest; never fails. */
  readonly run: (row: ExecutionRow, recipient: Recipient) => Effect.Effect<void>
  readonly onStorageError: (error: StorageError) => Effect.Effect<void>
  /** Called when nothing is alive and nothing is due. */
  readonly onQuiet: Effect.Effect<void, StorageError>
}

/** Claims what is due as far as there is room, and sleeps until there is more. */
export interface Pump {
  /** Runs for as long as the campaign lives. */
  readonly run: Effect.Effect<never>
  /** Looks again now: something changed. */
  readonly wake: () => void
  /** Looks again only after a pause: the storage has just failed. */
  readonly backOff: () => void
  /** Claims nothing from now on, until it is started again. */
  readonly stop: () => void
  /** Claims again. */
  readonly start: () => void
  /** Claims and starts the one row that is due first, even while stopped; answers which. */
  readonly runFirst: Effect.Effect<string | undefined, StorageError>
  /** Open while nothing is alive and nothing is due now. */
  readonly idle: Latch.Latch
  /** Open while nothing is alive and nothing will ever be due without somebody's doing. */
  readonly settled: Latch.Latch
  /** Executions alive. */
  readonly live: () => number
  /** Their ids. */
  readonly held: () => ReadonlyArray<string>
  /** Answers when nothing is alive. */
  readonly drained: Effect.Effect<void>
}

export const makePump = (services: ProcessServices, options: PumpOptions): Pump => {
  const { store, clock } = services
  const wakeLatch = Latch.makeUnsafe(true)
  const idle = Latch.makeUnsafe(false)
  const settled = Latch.makeUnsafe(false)
  const drained = Latch.makeUnsafe(true)
  const busy = Latch.makeUnsafe(false)
  const live = new Map<string, ExecutionRow>()
  const worthwhile = Math.max(1, Math.floor(options.maxLive / 4))
  const campaigns = [options.campaignId]
  const longestMs = store.storage.capabilities.processes === "many" ? longestSharedSleepMs : services.longestSleepMs
  let stopped = false
  // Of elapsedMs.
  let restsUntil = Number.NEGATIVE_INFINITY
  // Which of the rows that were claimed together took the process down is not known: the next time could be the last
  // for all of them. So they run one by one, and only the culprit is there when it happens again.
  let oneByOne = false

  const room = (): number => (oneByOne ? 1 : options.maxLive) - live.size

  const wake = (): void => {
    idle.closeUnsafe()
    settled.closeUnsafe()
    wakeLatch.openUnsafe()
  }

  const finish = (row: ExecutionRow): void => {
    // Another claim of the same row may be at work: this one's lease was over.
    if (live.get(row.id) === row) live.delete(row.id)
    if (live.size === 0) {
      drained.openUnsafe()
      busy.closeUnsafe()
    }
    // Claiming one row for each that ends would make each claim a query of its own.
    if (live.size === 0 || options.maxLive - live.size >= worthwhile) wakeLatch.openUnsafe()
  }

  const start = (row: ExecutionRow, recipient: Recipient): Effect.Effect<void> => {
    live.set(row.id, row)
    drained.closeUnsafe()
    busy.openUnsafe()
    return Effect.asVoid(
      Effect.forkDetach(
        Effect.ensuring(
          options.run(row, recipient),
          Effect.sync(() => finish(row)),
        ),
      ),
    )
  }

  // A claim that is given back does not count against the row.
  const giveBack = (rows: ReadonlyArray<ExecutionRow>): Effect.Effect<void, StorageError> =>
    rows.length === 0
      ? Effect.void
      : Effect.asVoid(store.use((driver) => driver.release(rows, clock.currentTimeMillisUnsafe())))

  const startAll = (rows: ReadonlyArray<ExecutionRow>): Effect.Effect<void, StorageError> =>
    Effect.gen(function* () {
      const recipients = yield* Effect.tapError(options.recipients(rows), () => Effect.ignore(giveBack(rows)))
      for (const [index, row] of rows.entries())
        yield* start(row, recipients[index] ?? { lead: undefined, isSuppressed: false })
    })

  /** Claims as many as there is room for; answers whether there may be more. */
  const claim: Effect.Effect<boolean, StorageError> = Effect.gen(function* () {
    const limit = room()
    const claimed = yield* store.use((driver) =>
      driver.claimDue({
        owner: options.owner,
        limit,
        leaseMs: services.leases.claimMs,
        now: clock.currentTimeMillisUnsafe(),
        campaigns,
      }),
    )
    const suspect = claimed.find((row) => row.claims >= maxClaims)
    oneByOne = suspect !== undefined
    const rows = suspect === undefined ? claimed : live.size === 0 ? [suspect] : []
    yield* giveBack(claimed.filter((row) => !rows.includes(row)))
    yield* startAll(rows)
    return claimed.length === limit
  })

  const claimFirst: Effect.Effect<string | undefined, StorageError> = Effect.gen(function* () {
    const rows = yield* store.use((driver) =>
      driver.claimDue({
        owner: options.owner,
        limit: 1,
        leaseMs: services.leases.claimMs,
        now: clock.currentTimeMillisUnsafe(),
        campaigns,
      }),
    )
    yield* startAll(rows)
    return rows[0]?.id
  })

  const turn: Effect.Effect<void, StorageError> = Effect.gen(function* () {
    // Not ended by a wake: executions that fail for the storage would be claimed and fail again without a pause.
    const rest = restsUntil - elapsedMs(clock)
    if (rest > 0 && !stopped) yield* Effect.sleep(rest)
    wakeLatch.closeUnsafe()
    // What became due by itself is work too.
    idle.closeUnsafe()
    settled.closeUnsafe()
    const looks = !stopped && (room() >= worthwhile || live.size === 0)
    if (looks && (yield* claim) && !oneByOne) return void wakeLatch.openUnsafe()
    if (looks && live.size === 0) yield* options.onQuiet
    const nextAt = looks ? yield* store.use((driver) => driver.nextDueAt(campaigns)) : null
    const wait = nextAt === null ? longestMs : Math.min(longestMs, nextAt - clock.currentTimeMillisUnsafe())
    if (looks && live.size === 0 && !wakeLatch.isOpen()) {
      if (nextAt === null) settled.openUnsafe()
      if (wait > 0) idle.openUnsafe()
    }
    if (wait > 0) yield* Effect.raceFirst(wakeLatch.await, Effect.sleep(wait))
    else yield* Effect.yieldNow
  })

  const backOff = (): void => {
    restsUntil = elapsedMs(clock) + storagePauseMs
  }

  const guarded = turn.pipe(
    Effect.catch((error) => Effect.andThen(options.onStorageError(error), Effect.sync(backOff))),
    // A driver that breaks its contract must not end the campaign's only pump.
    Effect.catchDefect((defect) =>
      Effect.sync(() => {
        services.problems.report(`campaign ${options.campaignId}: the pump broke: ${String(defect)}`)
        backOff()
      }),
    ),
  )

  // Rows that wait for the transport outlive their first lease; those that send have a longer one from their intent.
  const { claimMs } = services.leases
  const renew = Effect.gen(function* () {
    yield* busy.await
    yield* Effect.sleep(claimMs / 3)
    const rows = [...live.values()]
    const now = clock.currentTimeMillisUnsafe()
    if (rows.length > 0) yield* Effect.ignore(store.use((driver) => driver.renew(rows, { until: now + claimMs, now })))
  })

  return {
    run: Effect.raceFirst(Effect.forever(guarded), Effect.forever(renew)),
    wake,
    backOff,
    stop: () => {
      stopped = true
      wakeLatch.openUnsafe()
    },
    start: () => {
      stopped = false
      wake()
    },
    runFirst: Effect.provideService(claimFirst, Synchronous, false),
    idle,
    settled,
    live: () => live.size,
    held: () => [...live.keys()],
    drained: drained.await,
  }
}
