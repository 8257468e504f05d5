import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type MaybePromise,
  NotFound,
  type OpenOptions,
  type Storage,
  type StorageDriver,
  StorageError,
  StorageOwned,
  withoutAddresses,
  withoutAddressesIn,
} from "../sdk/index.ts"

// Whoever writes a driver may quote rows in its errors; these go to logs, which outlive a lead.
const typed = (error: StorageError): StorageError => {
  const { storage, code, retryable, indeterminate, message, cause } = error
  const clean = withoutAddresses(message, message.length)
  return clean === message && cause === undefined
    ? error
    : new StorageError({ storage, code, retryable, indeterminate, message: clean, cause: withoutAddressesIn(cause) })
}

const asStorageError =
  (storage: string) =>
  (cause: unknown): StorageError =>
    cause instanceof StorageError
      ? typed(cause)
      : new StorageError({
          storage,
          code: "unexpected",
          retryable: false,
          // Nobody knows how far a driver got that threw something else.
          indeterminate: true,
          cause: withoutAddressesIn(cause),
          message: `The storage "${storage}" threw what its contract does not know: ${withoutAddresses(cause instanceof Error ? cause.message : String(cause))}. Report it to its author.`,
        })

const asEffect = <A, E>(call: () => MaybePromise<A>, onThrow: (cause: unknown) => E): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    try {
      const answer = call()
      return answer instanceof Promise
        ? Effect.tryPromise({ try: () => answer, catch: onThrow })
        : Effect.succeed(answer)
    } catch (cause) {
      return Effect.fail(onThrow(cause))
    }
  })

/** The opened storage as effects. */
export class Store extends Context.Service<
  Store,
  {
    readonly storage: Storage
    readonly driver: StorageDriver
    /** One call of the driver, synchronous or not, with its errors typed. */
    readonly use: <A>(call: (driver: StorageDriver) => MaybePromise<A>) => Effect.Effect<A, StorageError>
  }
>()("sendstate/actors/Store") {
  /** Opens the storage for as long as the scope lives. */
  static readonly layer = (
    storage: Storage,
    mode: OpenOptions["mode"] = "own",
  ): Layer.Layer<Store, StorageError | StorageOwned | NotFound> =>
    Layer.effect(
      Store,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const fail = asStorageError(storage.name)
        const driver = yield* Effect.acquireRelease(
          asEffect(
            () => storage.open({ mode, now: () => clock.currentTimeMillisUnsafe() }),
            (cause) => (cause instanceof StorageOwned || cause instanceof NotFound ? cause : fail(cause)),
          ),
          (opened) => Effect.orDie(asEffect(() => opened.close(), fail)),
        )
        return Store.of({ storage, driver, use: (call) => asEffect(() => call(driver), fail) })
      }),
    )
}
