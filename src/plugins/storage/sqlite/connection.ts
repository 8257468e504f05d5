import { DatabaseSync, type StatementSync } from "node:sqlite"
import { StorageError } from "../../../sdk/errors.ts"

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined

const isOutOfRange = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_OUT_OF_RANGE"

/** The error for something that is stored but not as it was written. */
export const corrupt = (path: string, what: string, cause?: unknown): StorageError =>
  new StorageError({
    storage: "sqlite",
    code: "corrupt",
    retryable: false,
    indeterminate: false,
    cause,
    message: `${what} in ${path} is damaged: it is not what was written. Stop sending, run \`sendstate verify\` on the file, and restore it from a backup`,
  })

/**
 * SQLite's result codes as the contract's errors (https://sqlite.org/rescode.html).
 *
 * @param committing Whether it was the commit that failed: what failed before was taken back for certain.
 */
const describe = (path: string, error: unknown, committing: boolean): StorageError => {
  if (error instanceof StorageError) return error
  const text = error instanceof Error ? error.message : String(error)
  const make = (code: string, retryable: boolean, indeterminate: boolean, message: string) =>
    new StorageError({ storage: "sqlite", code, retryable, indeterminate, cause: error, message })
  if (isOutOfRange(error)) return corrupt(path, "A number", error)
  switch (codeOf(error)) {
    case 13:
      return make(
        "full",
        true,
        false,
        `The disk (or the size allowed) is full: nothing of this was written to ${path}. Free space, then resume`,
      )
    case 11:
    case 26:
      return corrupt(path, `A page (${text})`, error)
    case 5:
    case 6:
      return make("busy", true, false, `Another process keeps ${path} locked (${text}); try again`)
    case 8:
      return make("read-only", false, false, `${path} cannot be written: ${text}. Check the rights of file and folder`)
    case 14:
      return make("unavailable", false, false, `${path} cannot be opened: ${text}. Check the rights of file and folder`)
    case 10:
      return make(
        "unavailable",
        true,
        committing,
        `The disk of ${path} failed: ${text}. Read again before you repeat it`,
      )
    default:
      return make("unavailable", false, committing, `Nothing of this could be written to or read from ${path}: ${text}`)
  }
}

/** One connection with its prepared statements; transactions begin with the first write inside of them. */
export class Connection {
  readonly path: string
  readonly db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #onRollback: Array<() => void> = []
  #inWrite = false
  #begun = false
  #synchronous: "FULL" | "NORMAL" = "FULL"

  readonly #shared: boolean

  /** @param shared Whether another process may write while this one reads. */
  constructor(path: string, shared: boolean) {
    this.path = path
    this.#shared = shared
    this.db = this.guard(() => new DatabaseSync(path))
    this.guard(() =>
      this.db.exec(
        // What is removed or moved is overwritten: an erased lead must not be found in the file, however often its rows changed.
        "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON",
      ),
    )
  }

  /** A statement that is prepared once. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** Runs `body`; whatever it throws comes out as a {@link StorageError}. */
  guard<A>(body: () => A): A {
    try {
      return body()
    } catch (error) {
      throw describe(this.path, error, false)
    }
  }

  /** Called when a transaction was taken back, for what is remembered of it in memory. */
  onRollback(forget: () => void): void {
    this.#onRollback.push(forget)
  }

  /** To be called before each write inside of {@link transact}: a transaction that writes nothing costs nothing. */
  begin(): void {
    if (this.#begun || !this.#inWrite) return
    this.prepare("BEGIN IMMEDIATE").run()
    this.#begun = true
  }

  /** What `body` reads is one state of the store, also beside a process that writes. */
  snapshot<A>(body: () => A): A {
    if (!this.#shared || this.#inWrite) return this.guard(body)
    return this.guard(() => {
      this.prepare("BEGIN").run()
      try {
        return body()
      } finally {
        this.#rollback()
      }
    })
  }

  /**
   * @param durable Whether the commit waits for the disk. Without, a later durable commit makes it durable too.
   */
  transact<A>(body: () => A, durable: boolean): A {
    this.#inWrite = true
    let committing = false
    try {
      const wanted = durable ? "FULL" : "NORMAL"
      if (this.#synchronous !== wanted) {
        this.db.exec(`PRAGMA synchronous = ${wanted}`)
        this.#synchronous = wanted
      }
      const answer = body()
      committing = this.#begun
      if (committing) this.prepare("COMMIT").run()
      return answer
    } catch (error) {
      this.#rollback()
      for (const forget of this.#onRollback) forget()
      throw describe(this.path, error, committing)
    } finally {
      this.#inWrite = false
      this.#begun = false
    }
  }

  /** Brings the write-ahead log into the file and empties it: it holds pages as they were before. */
  emptyLog(): void {
    const busy = this.guard(() => this.db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy)
    if (busy !== 0)
      throw new StorageError({
        storage: "sqlite",
        code: "busy",
        retryable: true,
        indeterminate: false,
        message: `What was asked for is done, but another process reads ${this.path}, so that its log still holds what was removed. Do it again`,
      })
  }

  #rollback(): void {
    // SQLite takes some failed transactions back by itself.
    if (this.db.isTransaction) this.prepare("ROLLBACK").run()
  }

  close(): void {
    if (this.db.isOpen) this.db.close()
  }
}
