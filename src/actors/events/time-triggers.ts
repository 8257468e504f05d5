import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Scope } from "effect/Scope"
import { type Condition, idOf, isTrue, type Lead, type StorageError, type TriggerTime } from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { persist } from "../execution/save.ts"
import { eachPageOfDocuments } from "../pages.ts"
import { leadIn } from "../stored-lead.ts"
import { lastEventFor, readEvents } from "./lead-events.ts"
import { latestOccurrence, nextOccurrence, type OccurrenceClock } from "./occurrence.ts"

/** What triggers by time need of the runtime. */
export interface TimedRuntime {
  readonly services: Pick<ProcessServices, "store" | "clock" | "problems" | "hasGivenUp" | "longestSleepMs">
  readonly campaigns: Effect.Effect<ReadonlyArray<CampaignActor>>
  /** Whether this process starts anything now. */
  readonly isActive: () => boolean
}

/** A trigger by time of a campaign. */
interface Timed {
  readonly actor: CampaignActor
  readonly time: TriggerTime
  readonly when: Condition | undefined
  readonly clock: OccurrenceClock
}

/** How long after its time one that was missed fires all the same, milliseconds of the campaign. */
const graceMs = 86_400_000

type Stores = ProcessServices["store"]

const keyOf = ({ actor, time }: Timed): string => idOf("trigger", actor.id, JSON.stringify(time))

/**
 * Until when the times of a trigger are settled. A new one counts from when its campaign got it: nobody may have run since.
 */
const settledUntil = (store: Stores, timed: Timed): Effect.Effect<number, StorageError> =>
  Effect.gen(function* () {
    const [document] = yield* store.use((driver) => driver.documents("trigger", [keyOf(timed)]))
    if (document !== undefined) return document.value.settledUntil as number
    const { definedAt } = timed.actor.record()
    yield* settle(store, timed, definedAt)
    return definedAt
  })

const settle = (store: Stores, timed: Timed, at: number): Effect.Effect<void, StorageError> =>
  Effect.asVoid(
    store.use((driver) =>
      driver.writeDocuments([
        { kind: "trigger", key: keyOf(timed), value: { campaign: timed.actor.id, settledUntil: at } },
      ]),
    ),
  )

const timedTriggersOf = (actor: CampaignActor): Effect.Effect<ReadonlyArray<Timed>, CampaignError> =>
  Effect.gen(function* () {
    const record = actor.record()
    if (record.rest.state === "cancelled") return []
    const { definition } = yield* actor.loaded
    const clock = { clock: record.clock, zone: definition.timeZone }
    return (definition.triggers ?? []).flatMap(({ at, when }) =>
      at === undefined ? [] : [{ actor, time: at, when, clock }],
    )
  })

const isAsked = (
  store: Stores,
  { actor, when }: Timed,
  lead: Lead,
  now: number,
): Effect.Effect<boolean, StorageError> =>
  when === undefined
    ? Effect.succeed(true)
    : Effect.map(readEvents(store, lead.id), (events) =>
        // Nothing was before this enrollment; the trigger may ask for what happened ever.
        isTrue(when, {
          lead,
          now,
          timeScale: actor.record().clock.scale,
          enrolledAt: Number.NEGATIVE_INFINITY,
          lastEvent: lastEventFor(events, actor.id),
        }),
      )

/** Enrolls every stored lead that the trigger asks for, each once for this occurrence. */
const enrollAll = ({ services }: TimedRuntime, timed: Timed, occurrence: number): Effect.Effect<void, StorageError> =>
  eachPageOfDocuments(services, "lead", (page) =>
    Effect.gen(function* () {
      const leads: Lead[] = []
      for (const lead of page.map(leadIn)) {
        if (yield* isAsked(services.store, timed, lead, occurrence)) leads.push(lead)
      }
      if (leads.length === 0) return
      // Under one name, so that a process that died in the middle lets nobody in twice when it starts again.
      const key = `at ${new Date(occurrence).toISOString()}`
      const result = yield* Effect.result(
        timed.actor.enroll(
          leads.map((lead) => ({ lead, key })),
          "trigger",
        ),
      )
      if (result._tag === "Success") return
      if (result.failure._tag === "StorageError") return yield* Effect.fail(result.failure)
      services.problems.report(`a trigger of campaign ${timed.actor.id}: ${result.failure.message}`)
    }),
  )

/** Says a problem once: a trigger that cannot fire is looked at again and again. */
type Tell = (problem: string) => void

const tellOnce = ({ services }: TimedRuntime): Tell => {
  const told = new Set<string>()
  return (problem) => {
    if (told.has(problem)) return
    told.add(problem)
    services.problems.report(problem)
  }
}

/** Fires a trigger if its time has come, and answers when it comes next, epoch ms; `undefined` for never again. */
const fire = (runtime: TimedRuntime, timed: Timed, tell: Tell): Effect.Effect<number | undefined, StorageError> =>
  Effect.gen(function* () {
    const { store, clock, problems } = runtime.services
    const now = clock.currentTimeMillisUnsafe()
    const since = yield* settledUntil(store, timed)
    const missed = now - graceMs / timed.clock.clock.scale
    const occurrence = latestOccurrence(timed.time, timed.clock, { since: Math.max(since, missed), now })
    if (occurrence !== undefined) {
      if (timed.actor.record().rest.state !== "draft") yield* enrollAll(runtime, timed, occurrence)
      yield* settle(store, timed, occurrence)
    } else if ((nextOccurrence(timed.time, timed.clock, since) ?? Number.POSITIVE_INFINITY) <= now) {
      problems.report(
        `a trigger of campaign ${timed.actor.id} was missed for more than a day: it fires at its next time`,
      )
      yield* settle(store, timed, now)
    }
    const next = nextOccurrence(timed.time, timed.clock, now)
    if (next === undefined && "cron" in timed.time)
      tell(
        `a trigger of campaign ${timed.actor.id} never fires: "${timed.time.cron}" never comes; update the campaign with another time`,
      )
    return next
  })

/** Fires what has come, and answers when the next one comes, epoch ms. What one trigger fails of keeps no other from firing. */
const fireDue = (runtime: TimedRuntime, tell: Tell): Effect.Effect<number, StorageError> =>
  Effect.gen(function* () {
    let next = Number.POSITIVE_INFINITY
    let failure: StorageError | undefined

    const apart = <A>({ id }: CampaignActor, work: Effect.Effect<A, CampaignError>): Effect.Effect<A | undefined> =>
      work.pipe(
        Effect.catch((error) =>
          Effect.sync(() => {
            if (error._tag === "StorageError") failure = error
            else tell(`triggers by time of campaign ${id}: ${error.message}`)
            return undefined
          }),
        ),
        Effect.catchDefect((defect) =>
          Effect.sync(() => {
            tell(`triggers by time of campaign ${id}: ${defect instanceof Error ? defect.message : String(defect)}`)
            return undefined
          }),
        ),
      )

    for (const actor of yield* runtime.campaigns)
      for (const timed of (yield* apart(actor, timedTriggersOf(actor))) ?? [])
        next = Math.min(next, (yield* apart(actor, fire(runtime, timed, tell))) ?? next)
    // Tried again, for all: those that have fired are settled.
    return failure === undefined ? next : yield* Effect.fail(failure)
  })

/**
 * Fires the triggers by time of all campaigns for as long as the scope lives. An occurrence is settled when everybody is
 * enrolled: one that a process left half done is done again by the next, for those who are left. Answers how to say that
 * there may be new ones.
 */
export const watchTimes = (runtime: TimedRuntime): Effect.Effect<() => void, never, Scope> =>
  Effect.gen(function* () {
    const { services, isActive } = runtime
    const news = Latch.makeUnsafe(false)
    const tell = tellOnce(runtime)
    const turn = Effect.gen(function* () {
      news.closeUnsafe()
      const next = isActive() ? yield* persist(services, fireDue(runtime, tell)) : Number.POSITIVE_INFINITY
      const ms = Math.min(next - services.clock.currentTimeMillisUnsafe(), services.longestSleepMs)
      yield* Effect.raceFirst(news.await, Effect.sleep(Math.max(1, ms)))
    }).pipe(
      Effect.catch((error) =>
        Effect.andThen(
          Effect.sync(() => services.problems.report(`triggers by time: ${error.message}`)),
          Effect.raceFirst(news.await, Effect.sleep(services.longestSleepMs)),
        ),
      ),
    )
    yield* Effect.forkScoped(Effect.forever(turn))
    return () => news.openUnsafe()
  })
