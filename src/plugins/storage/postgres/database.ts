import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import type { SqlError } from "effect/sql/SqlError"
import { MissingDependency, StorageError } from "../../../sdk/errors.ts"
import type { PostgresSettings } from "./options.ts"

/** A row as the server gives it. Numbers beyond 32 bits are asked for as `float8`: exact up to 2^53. */
export type ResultRow = Readonly<Record<string, unknown>>

/** Runs one statement with its parameters. */
export type Query = (
  text: string,
  ...parameters: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<ResultRow>, SqlError>

type Client = typeof import("@effect/sql-pg/PgClient")

const load = async (): Promise<Client> => {
  try {
    return await import("@effect/sql-pg/PgClient")
  } catch (cause) {
    throw new MissingDependency({
      code: "missing-dependency",
      retryable: false,
      dependency: "@effect/sql-pg",
      message:
        "The postgres storage speaks through @effect/sql-pg, which cannot be loaded. Run: npm install @effect/sql-pg",
      cause,
    })
  }
}

const storage = "postgres"

/** Transactions that lost against another one are run again: nothing of them was written. */
const mostTries = 8

/** How long a transaction may wait for its own process, milliseconds: all of them are a few statements. */
const longestPauseMs = 5_000

const conflicts = new Set(["DeadlockError", "SerializationError", "LockTimeoutError"])

const isConflict = (error: SqlError): boolean => conflicts.has(error.reason._tag)

const storageError = (error: SqlError, indeterminate: boolean): StorageError =>
  new StorageError({
    storage,
    code: isConflict(error) ? "contended" : error.isRetryable ? "unavailable" : "refused",
    retryable: error.isRetryable,
    indeterminate,
    cause: error,
    message: `PostgreSQL: ${error.reason.message ?? error.message}.${indeterminate ? " The write may have happened all the same: read again before you repeat it." : ""}`,
  })

const closedError = (): StorageError =>
  new StorageError({
    storage,
    code: "closed",
    retryable: false,
    indeterminate: false,
    message: "The postgres storage is closed; open it again",
  })

/** The pool of one opened store, and how its errors are told. */
export class Database {
  readonly schema: string
  readonly #runtime: ManagedRuntime.ManagedRuntime<PgClient, SqlError>
  readonly #service: Client["PgClient"]
  #closed = false

  private constructor(
    schema: string,
    runtime: ManagedRuntime.ManagedRuntime<PgClient, SqlError>,
    service: Client["PgClient"],
  ) {
    this.schema = `"${schema}"`
    this.#runtime = runtime
    this.#service = service
  }

  /**
   * Makes a pool; connects when the first statement is run.
   *
   * @throws MissingDependency without `@effect/sql-pg`.
   */
  static async connect(settings: PostgresSettings): Promise<Database> {
    const { PgClient, layer } = await load()
    const runtime = ManagedRuntime.make(
      layer({
        url: Redacted.make(settings.url),
        // One listens, one shows that this process lives.
        maxConnections: settings.maxConnections + 2,
        connectTimeout: settings.connectTimeoutMs,
        keepAlive: 30_000,
        applicationName: "sendstate",
        // Nothing hangs: the server ends what takes too long, and what a frozen process left open.
        startupParameters: {
          statement_timeout: String(settings.statementTimeoutMs),
          lock_timeout: String(Math.max(1, Math.floor(settings.statementTimeoutMs / 2))),
          // A process that is frozen in the middle of a transaction must not hold its rows against the others.
          idle_in_transaction_session_timeout: String(Math.min(longestPauseMs, settings.statementTimeoutMs)),
        },
      }),
    )
    return new Database(settings.schema, runtime, PgClient)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  async #run<A>(effect: Effect.Effect<A, StorageError, PgClient>): Promise<A> {
    if (this.#closed) throw closedError()
    const exit = await this.#runtime.runPromiseExit(effect)
    if (exit._tag === "Success") return exit.value
    const error = Cause.squash(exit.cause)
    throw error instanceof StorageError ? error : storageErrorOf(error)
  }

  /** One statement by itself. With `writes`, an error leaves open whether it was carried out. */
  statement(
    text: string,
    parameters: ReadonlyArray<unknown>,
    { writes = false } = {},
  ): Promise<ReadonlyArray<ResultRow>> {
    const query = this.#service.use((client) => client.unsafe<ResultRow>(text, parameters))
    return this.#run(
      query.pipe(
        Effect.retry({ times: mostTries, while: isConflict }),
        Effect.mapError((error) =>
          storageError(error, writes && !isConflict(error) && error.reason._tag !== "SqlSyntaxError"),
        ),
      ),
    )
  }

  /**
   * Several statements as one transaction (READ COMMITTED), run again as a whole when it lost against another. An error
   * is indeterminate only when it came after the last statement: then the COMMIT may have arrived.
   */
  transaction<A>(body: (query: Query) => Effect.Effect<A, SqlError | StorageError>): Promise<A> {
    const attempt = this.#service.use((client) =>
      Effect.suspend(() => {
        let isCommitting = false
        const query: Query = (text, ...parameters) => client.unsafe<ResultRow>(text, parameters)
        const work = Effect.tap(
          Effect.suspend(() => body(query)),
          () =>
            Effect.sync(() => {
              isCommitting = true
            }),
        )
        return client
          .withTransaction(work)
          .pipe(
            Effect.mapError((error) =>
              error instanceof StorageError ? error : storageError(error, isCommitting && !isConflict(error)),
            ),
          )
      }),
    )
    return this.#run(Effect.retry(attempt, { times: mostTries, while: (error) => error.code === "contended" }))
  }

  /** Calls back for each notification on a channel, until the database is closed; listens again when the connection breaks. */
  listen(channel: string, onNotice: (payload: string) => void): () => void {
    const follow = this.#service.use((client) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { take } = yield* Effect.promise(() => import("effect/Queue"))
          const notices = yield* client.listen(channel)
          // Something may have happened while nobody listened.
          onNotice("")
          while (true) onNotice((yield* take(notices)).payload ?? "")
        }),
      ),
    )
    const fiber = this.#runtime.runFork(Effect.forever(Effect.andThen(Effect.ignore(follow), Effect.sleep(1_000))))
    return () => fiber.interruptUnsafe()
  }

  /**
   * Holds an advisory lock on a connection of its own, until the database is closed: the server frees it when this
   * process dies, and nothing else tells so surely that it is dead. Taken again when the connection breaks.
   */
  hold(space: number, number: number): void {
    const keep = this.#service.use((client) =>
      Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* client.reserve
          const ask = (text: string, parameters: ReadonlyArray<unknown>) =>
            connection.execute(text, parameters, undefined)
          yield* ask("SELECT pg_advisory_lock($1::int, $2::int)", [space, number])
          while (true) {
            yield* Effect.sleep(1_000)
            yield* ask("SELECT 1", [])
          }
        }),
      ),
    )
    this.#runtime.runFork(Effect.forever(Effect.andThen(Effect.ignore(keep), Effect.sleep(100))))
  }

  /** Closes the pool; every later call throws. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#runtime.dispose()
  }
}

const storageErrorOf = (error: unknown): StorageError => {
  const isSql = typeof error === "object" && error !== null && "reason" in error
  if (isSql) return storageError(error as SqlError, false)
  return new StorageError({
    storage,
    code: "unexpected",
    retryable: false,
    indeterminate: true,
    cause: error,
    message: `The postgres storage broke: ${error instanceof Error ? error.message : String(error)}. Report it.`,
  })
}
