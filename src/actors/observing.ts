import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Scope } from "effect/Scope"
import type { Observer } from "../sdk/index.ts"
import type { EventBus } from "./event-bus.ts"
import type { Problems } from "./problems.ts"

/** How long an observer may take for one event, milliseconds. */
const eventDeadlineMs = 5_000

/** How long an observer may take for the events that are left when the runtime closes, milliseconds. */
const closeDeadlineMs = 2_000

/** Feeds an observer for as long as the scope lives. What it throws is reported once, and changes nothing. */
export const observe = (
  observer: Observer,
  bus: EventBus["Service"],
  problems: Problems["Service"],
): Effect.Effect<void, never, Scope> =>
  Effect.gen(function* () {
    let reported = false
    const guard = (call: () => unknown): Effect.Effect<void> =>
      Effect.tryPromise({ try: async () => call(), catch: (cause) => cause }).pipe(
        Effect.timeout(eventDeadlineMs),
        Effect.catch((error) =>
          Effect.sync(() => {
            if (reported) return
            reported = true
            problems.report(
              `The observer "${observer.name}" failed; further failures are not reported: ${String(error)}`,
            )
          }),
        ),
        Effect.asVoid,
      )
    const subscription = yield* bus.subscribe
    const watching = yield* Effect.forkDetach(
      Effect.gen(function* () {
        while (true) {
          const event = yield* subscription.next
          if (event === undefined) return
          yield* guard(() => observer.onEvent(event))
        }
      }),
    )
    // It may see what has happened so far, as long as it does not keep the runtime from closing.
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        subscription.end()
        yield* Effect.timeoutOption(Fiber.await(watching), closeDeadlineMs)
        watching.interruptUnsafe()
        yield* guard(() => observer.close?.())
      }),
    )
  })
