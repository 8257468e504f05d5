import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { Observer } from "../sdk/index.ts"
import type { EventBus } from "./event-bus.ts"
import type { Problems } from "./problems.ts"

/** How long an observer may take for one event, milliseconds. */
const eventDeadlineMs = 5_000

/** Feeds an observer for as long as the scope lives. What it throws is reported once, and changes nothing. */
export const observe = (
  observer: Observer,
  bus: EventBus["Service"],
  problems: Problems["Service"],
): Effect.Effect<void, never, Scope> =>
  Effect.gen(function* () {
    let reported = false
    const guard = (call: () => unknown): Effect.Effect<void> =>
      Effect.tryPromise(async () => call()).pipe(
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
    yield* Effect.addFinalizer(() => guard(() => observer.close?.()))
    const subscription = yield* bus.subscribe
    yield* Effect.forkScoped(
      Effect.gen(function* () {
        while (true) {
          const event = yield* subscription.next
          if (event === undefined) return
          yield* guard(() => observer.onEvent(event))
        }
      }),
    )
  })
