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
 * Events from now on (from this call, not from the first read), each after it is durable. Ends when the signal fires or
 * the runtime closes. A consumer that is too slow sees a `lagged` event where some were dropped.
 */
export const eventStream = (
  runtime: RuntimeActor["Service"],
  accepts: EventFilter,
  { signal }: WaitOptions,
): AsyncIterableIterator<RuntimeEvent, void, void> => {
  const scope = Effect.runSync(Scope.make())
  const subscription = Effect.runSync(Scope.provide(runtime.services.bus.subscribe, scope))
  const over = new AbortController()
  const end = async (): Promise<IteratorResult<RuntimeEvent, void>> => {
    over.abort()
    signal?.removeEventListener("abort", onAbort)
    await Effect.runPromise(Scope.close(scope, Exit.void))
    return { done: true, value: undefined }
  }
  const onAbort = (): void => void end()
  signal?.addEventListener("abort", onAbort, { once: true })

  const next = async (): Promise<IteratorResult<RuntimeEvent, void>> => {
    while (!over.signal.aborted && signal?.aborted !== true) {
      const exit = await Effect.runPromiseExit(subscription.next, { signal: over.signal })
      if (Exit.isFailure(exit) || exit.value === undefined) break
      if (accepts(exit.value)) return { done: false, value: exit.value }
    }
    return end()
  }
  const stream: AsyncIterableIterator<RuntimeEvent, void, void> = {
    next,
    return: end,
    [Symbol.asyncIterator]: () => stream,
  }
  return stream
}
