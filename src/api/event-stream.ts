import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import type { RuntimeEvent } from "../sdk/index.ts"

/** Options of everything that waits. */
export interface WaitOptions {
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined
}

/** Which events to see. */
export type EventFilter = (event: RuntimeEvent) => boolean

/**
 * Events from now on, each after it is durable. Ends when the signal fires or the runtime closes. A consumer that is too
 * slow sees a `lagged` event where some were dropped.
 */
export async function* eventStream(
  runtime: RuntimeActor["Service"],
  accepts: EventFilter,
  { signal }: WaitOptions,
): AsyncGenerator<RuntimeEvent, void, void> {
  const scope = await Effect.runPromise(Scope.make())
  try {
    const subscription = await Effect.runPromise(Scope.provide(runtime.services.bus.subscribe, scope))
    const aborted = new Promise<undefined>((resolve) => {
      if (signal?.aborted === true) resolve(undefined)
      else signal?.addEventListener("abort", () => resolve(undefined), { once: true })
    })
    while (signal?.aborted !== true) {
      const event = await Promise.race([Effect.runPromise(subscription.next), aborted])
      if (event === undefined) return
      if (accepts(event)) yield event
    }
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
