import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Scope } from "effect/Scope"
import { Closed, idOf, isTrue, matchesMail, type StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { persist } from "../execution/save.ts"
import { readLead } from "../stored-lead.ts"
import { Synchronous } from "../synchronous.ts"
import type { CheckedHostTrigger, Occasion } from "./host-triggers.ts"
import { dropEvent, eachKept, type KeptEvent } from "./kept-events.ts"
import { lastEventFor, readEvents } from "./lead-events.ts"

/** What starting needs of the runtime. */
export interface StartingRuntime {
  readonly services: Pick<ProcessServices, "store" | "clock" | "problems" | "hostStarts" | "hasGivenUp">
}

/** How long the host may take to start something, milliseconds. */
const deadlineMs = 30_000

/** Before what is left is started again, milliseconds: doubles with every failure. */
const firstPauseMs = 1_000
const longestPauseMs = 300_000

/** The host's triggers that an event fires. A sender who is no lead yet is the host's to store first. */
export const hostTriggersOf = (
  { services }: StartingRuntime,
  { event, mail }: KeptEvent,
): ReadonlyArray<CheckedHostTrigger> =>
  mail?.sender === undefined
    ? services.hostStarts.triggers.filter(
        ({ on }) => on.event === event || (mail !== undefined && matchesMail(on, mail)),
      )
    : []

// A runtime that was closing meanwhile tells nothing of what is to be started.
const isFinal = (error: unknown): boolean =>
  !(error instanceof Closed) &&
  typeof error === "object" &&
  error !== null &&
  "retryable" in error &&
  error.retryable === false

type Answer = "started" | "known" | "refused" | "left"

const askHost = (
  { services }: StartingRuntime,
  { id, start }: CheckedHostTrigger,
  occasion: Occasion,
): Effect.Effect<Answer> => {
  const { underWay } = services.hostStarts
  const report = (reason: string, error?: unknown): Answer => {
    const again = isFinal(error) ? "" : "; it is tried again"
    services.problems.report(`the trigger ${JSON.stringify(id)} of the host: ${reason}${again}`)
    return isFinal(error) ? "refused" : "left"
  }
  const asking = Effect.tryPromise({
    try: async (signal): Promise<Answer> => ((await start(occasion, { signal })) ? "started" : "known"),
    catch: (error) => error,
  }).pipe(
    Effect.timeoutOption(deadlineMs),
    Effect.map(Option.getOrElse(() => report(`no answer within ${deadlineMs / 1_000} s`))),
    Effect.catch((error) => Effect.sync(() => report(error instanceof Error ? error.message : String(error), error))),
    Effect.ensuring(Effect.sync(() => underWay.delete(occasion.id))),
  )
  return Effect.suspend(() => {
    // Told again meanwhile, or found by who goes on with what is kept.
    if (underWay.has(occasion.id)) return Effect.succeed("left")
    underWay.add(occasion.id)
    return asking
  })
}

/**
 * Starts what the host's triggers ask for, one after the other: one that fails holds up no other. Answers how many
 * started something new, and whether one has to be asked again.
 */
export const startTriggered = (
  runtime: StartingRuntime,
  event: KeptEvent,
): Effect.Effect<{ readonly started: number; readonly isLeft: boolean }, StorageError> =>
  Effect.gen(function* () {
    const { store, clock } = runtime.services
    const firing = hostTriggersOf(runtime, event)
    const lead = firing.length === 0 ? undefined : yield* readLead(runtime.services, event.lead)
    if (lead === undefined) return { started: 0, isLeft: false }
    const facts = {
      lead,
      now: clock.currentTimeMillisUnsafe(),
      timeScale: 1,
      enrolledAt: Number.NEGATIVE_INFINITY,
      lastEvent: lastEventFor(yield* readEvents(store, lead.id), null),
    }
    const asked = firing.filter(({ on: { when } }) => when === undefined || isTrue(when, facts))
    const answers = yield* Effect.forEach(asked, (trigger) =>
      askHost(runtime, trigger, {
        id: idOf("occasion", trigger.id, lead.id, event.id),
        lead: lead.id,
        event: event.event,
        at: event.at,
      }),
    )
    return { started: answers.filter((answer) => answer === "started").length, isLeft: answers.includes("left") }
  })

/** Whether something is left still. */
const startLeft = (runtime: StartingRuntime): Effect.Effect<boolean, StorageError> =>
  Effect.gen(function* () {
    const { store } = runtime.services
    let isAnyLeft = false
    yield* eachKept(store, (event) =>
      Effect.gen(function* () {
        if (event.isDrawn !== true) return
        const { isLeft } = yield* startTriggered(runtime, event)
        if (isLeft) isAnyLeft = true
        else yield* dropEvent(store, event)
      }),
    )
    return isAnyLeft
  })

/**
 * Starts what was left, by a host that failed, a process that died, or a caller who could not wait: for as long as the scope
 * lives. What is left is rows, whatever their number.
 */
export const watchStarts = (runtime: StartingRuntime): Effect.Effect<void, never, Scope> => {
  const { services } = runtime
  const { triggers, left } = services.hostStarts
  let failures = 0
  const turn = Effect.gen(function* () {
    yield* left.await
    yield* Effect.sleep(Math.min(firstPauseMs * 2 ** failures, longestPauseMs))
    left.closeUnsafe()
    const isLeft = yield* persist(services, startLeft(runtime))
    failures = isLeft ? failures + 1 : 0
    if (isLeft) left.openUnsafe()
  }).pipe(
    Effect.catch((error) => Effect.sync(() => services.problems.report(`triggers of the host: ${error.message}`))),
  )
  // Another process, with the host's triggers, starts what is left.
  if (triggers.length === 0) return Effect.void
  return Effect.asVoid(Effect.forkScoped(Effect.provideService(Effect.forever(turn), Synchronous, false)))
}
