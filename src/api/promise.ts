import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { ManagedRuntime } from "effect/ManagedRuntime"
import * as Managed from "effect/ManagedRuntime"
import * as Scheduler from "effect/Scheduler"
import { Synchronous } from "../actors/synchronous.ts"
import { Closed, Interrupted, StorageError } from "../sdk/index.ts"

/** Runs effects for callers who know Promises only: typed errors as they are, an abort as `Interrupted`. */
export interface PromiseRunner<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>, signal?: AbortSignal | undefined) => Promise<A>
  /** The answer on the caller's stack; throws typed errors as they are, `not-synchronous` where something had to wait. */
  readonly runSync: <A, E>(effect: Effect.Effect<A, E, R>) => A
  readonly dispose: () => Promise<void>
}

/** What a runner takes in place of Effect's own clock, random numbers and scheduler. */
export type Surroundings = Context.Context<never>

const realWorld: Surroundings = Context.empty()

// Never lets the caller's fiber yield; fibers that it leaves behind yield as always.
class CallerScheduler implements Scheduler.Scheduler {
  isHeld = true
  readonly executionMode
  readonly #inner: Scheduler.Scheduler
  constructor(surroundings: Surroundings) {
    this.#inner = Context.get(surroundings, Scheduler.Scheduler)
    this.executionMode = this.#inner.executionMode
  }
  shouldYield(fiber: Parameters<Scheduler.Scheduler["shouldYield"]>[0]): boolean {
    return !this.isHeld && this.#inner.shouldYield(fiber)
  }
  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.#inner.makeDispatcher()
  }
}

const notSynchronous = (): StorageError =>
  new StorageError({
    storage: "",
    code: "not-synchronous",
    retryable: false,
    indeterminate: true,
    message:
      "This call had to wait for something and was given up. Use the method of the same name that answers a Promise.",
  })

const runOnStack = <A, E, R, Opening>(
  managed: ManagedRuntime<R, Opening>,
  effect: Effect.Effect<A, E, R>,
  surroundings: Surroundings,
): A => {
  const scheduler = new CallerScheduler(surroundings)
  const fiber = managed.runFork(effect, { scheduler })
  scheduler.isHeld = false
  const exit = fiber.pollUnsafe()
  if (exit === undefined) {
    fiber.interruptUnsafe()
    throw notSynchronous()
  }
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
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

const runnerOf = <R, E>(managed: ManagedRuntime<R, E>, surroundings: Surroundings): PromiseRunner<R> => {
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
  return {
    run,
    runSync: (effect) => {
      if (disposed) throw closed()
      return runOnStack(managed, Effect.provideService(effect, Synchronous, true), surroundings)
    },
    dispose: () => {
      disposed = true
      return dispose(managed, surroundings)
    },
  }
}

const dispose = <R, E>(managed: ManagedRuntime<R, E>, surroundings: Surroundings): Promise<void> =>
  Effect.runPromiseWith(surroundings)(managed.disposeEffect)

const manage = <R, E>(layer: Layer.Layer<R, E>, surroundings: Surroundings): ManagedRuntime<R, E> =>
  Managed.make(Layer.provideMerge(layer, Layer.succeedContext(surroundings)))

/** A runner on these services. They are built now: what fails to open is thrown here. */
export const makeRunner = async <R, E>(
  layer: Layer.Layer<R, E>,
  surroundings: Surroundings = realWorld,
): Promise<PromiseRunner<R>> => {
  const managed = manage(layer, surroundings)
  try {
    await Effect.runPromiseWith(surroundings)(managed.contextEffect)
  } catch (error) {
    await dispose(managed, surroundings)
    throw error
  }
  return runnerOf(managed, surroundings)
}

/** The same on the caller's stack, for services that are built without waiting. */
export const makeRunnerSync = <R, E>(layer: Layer.Layer<R, E>): PromiseRunner<R> => {
  const managed = manage(layer, realWorld)
  try {
    runOnStack(managed, Effect.void, realWorld)
  } catch (error) {
    // What it opened is given back beside: the caller hears why it failed.
    dispose(managed, realWorld).catch(() => undefined)
    throw error
  }
  return runnerOf(managed, realWorld)
}
