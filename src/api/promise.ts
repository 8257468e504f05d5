import type * as Effect from "effect/Effect"
import type { Layer } from "effect/Layer"
import type { ManagedRuntime } from "effect/ManagedRuntime"
import * as Managed from "effect/ManagedRuntime"
import { Closed, Interrupted } from "../sdk/index.ts"

/** Runs effects for callers who know Promises only: typed errors as they are, an abort as `Interrupted`. */
export interface PromiseRunner<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>, signal?: AbortSignal | undefined) => Promise<A>
  readonly dispose: () => Promise<void>
}

const interrupted = (cause: unknown): Interrupted =>
  new Interrupted({
    code: "aborted",
    retryable: true,
    cause,
    message:
      "The caller's AbortSignal fired, or the runtime closed, before the work was done. What was acknowledged stays.",
  })

const closed = (): Closed =>
  new Closed({ code: "closed", retryable: false, message: "This runtime was closed. Create another one." })

const isTyped = (error: unknown): boolean =>
  error instanceof Error && "_tag" in error && "code" in error && "retryable" in error

const wasAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

/** A runner on these services. They are built now: what fails to open is thrown here. */
export const makeRunner = async <R, E>(layer: Layer<R, E>): Promise<PromiseRunner<R>> => {
  const managed: ManagedRuntime<R, E> = Managed.make(layer)
  let disposed = false
  const run: PromiseRunner<R>["run"] = async (effect, signal) => {
    if (disposed) throw closed()
    if (wasAborted(signal)) throw interrupted(signal?.reason)
    try {
      return await managed.runPromise(effect, signal === undefined ? undefined : { signal })
    } catch (error) {
      if (disposed && !isTyped(error)) throw closed()
      throw isTyped(error) || !wasAborted(signal) ? error : interrupted(error)
    }
  }
  try {
    await managed.context()
  } catch (error) {
    await managed.dispose()
    throw error
  }
  return {
    run,
    dispose: () => {
      disposed = true
      return managed.dispose()
    },
  }
}
