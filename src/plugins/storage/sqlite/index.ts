import { closeSync, existsSync, fsyncSync, openSync, statSync } from "node:fs"
import { dirname } from "node:path"
// Real time: another process may write at any time.
import { clearInterval, setInterval } from "node:timers"
import * as z from "zod"
import { NotFound, StorageError } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import type { MaybePromise, StorageDriver } from "../../../sdk/storage/driver.ts"
import { oneProcessDriver } from "../../../sdk/storage/one-process/driver.ts"
import type { OpenOptions, Storage } from "../../../sdk/storage/storage.ts"
import { canonicalPath, createPrivately, takeOwnerLock } from "../owner-lock.ts"
import { Connection, corrupt } from "./connection.ts"
import { assertOurs, assertReadable, migrate } from "./schema.ts"
import { SqliteRecords } from "./sqlite-records.ts"

/** How {@link sqlite} is set up. */
export interface SqliteOptions {
  /** Path of the database; created if its folder exists. Beside it: `-wal` and `-shm` (SQLite's) and `.owner` (the lock). */
  readonly file: string
  /**
   * How often another process' writes are looked for, milliseconds; 20 to 1,000, default 200. Costs one read of
   * shared memory.
   */
  readonly pollMs?: number | undefined
  /** The file grows to at most so many bytes; beyond it is `full`. Default: the disk. */
  readonly maxBytes?: number | undefined
}

/** A SQLite storage; its driver answers without Promises. */
export interface SqliteStorage extends Storage {
  readonly open: (options: OpenOptions) => StorageDriver
}

const optionsSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .refine((file) => !file.startsWith(":") && !file.startsWith("file:"), {
      message: "give the path of a file; for a store in memory use the memory storage",
    }),
  pollMs: z.int().min(20).max(1_000).default(200),
  maxBytes: z.int().min(1_048_576).optional(),
})

const syncFolder = (path: string): void => {
  const folder = openSync(dirname(path), "r")
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Calls back when another connection has written. */
const wakeupsOf =
  (connection: Connection, pollMs: number) =>
  (listener: () => void): (() => void) => {
    const version = (): unknown => connection.guard(() => connection.prepare("PRAGMA data_version").get()?.data_version)
    let last = version()
    const timer = setInterval(() => {
      if (!connection.db.isOpen) {
        clearInterval(timer)
        return
      }
      const now = version()
      if (now === last) return
      last = now
      listener()
    }, pollMs)
    timer.unref()
    return () => clearInterval(timer)
  }

// The records of this storage answer at once, and so does the engine on them.
const atOnce = (driver: MaybePromise<StorageDriver>): StorageDriver => driver as StorageDriver

/** Up to this size the whole structure is checked when a file is opened: it costs about 10 ms a megabyte. */
const checkedBytes = 16 * 1_048_576

/**
 * Row checksums find what is wrong inside of a row; an index that lost an entry would hide a row silently. Larger
 * files are checked by `verify` only.
 */
const checkSmall = (connection: Connection): void =>
  connection.guard(() => {
    if (statSync(connection.path).size > checkedBytes) return
    const found = connection.db.prepare("PRAGMA integrity_check(1)").get()?.integrity_check
    if (found !== "ok") throw corrupt(connection.path, `The structure (${String(found)})`)
  })

const openOwned = (path: string, options: z.output<typeof optionsSchema>): StorageDriver => {
  const lock = takeOwnerLock("sqlite", path)
  let connection: Connection | undefined
  try {
    if (createPrivately(path)) syncFolder(path)
    const opened = new Connection(path, false)
    connection = opened
    assertOurs(opened)
    opened.guard(() => {
      const mode = opened.db.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode
      if (mode !== "wal")
        throw new StorageError({
          storage: "sqlite",
          code: "unsupported-file-system",
          retryable: false,
          indeterminate: false,
          message: `SQLite cannot use a write-ahead log for ${path}; put the file on a local disk`,
        })
      opened.db.exec("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864")
    })
    migrate(opened)
    checkSmall(opened)
    if (options.maxBytes !== undefined) opened.db.exec(`PRAGMA max_page_count = ${Math.floor(options.maxBytes / 4096)}`)
    const records = opened.guard(() => new SqliteRecords(opened, lock.release))
    return atOnce(
      oneProcessDriver({
        storage: "sqlite",
        records,
        mode: "own",
        control: true,
        claimNotes: true,
        wakeups: wakeupsOf(opened, options.pollMs),
      }),
    )
  } catch (error) {
    connection?.close()
    lock.release()
    throw error
  }
}

const openObserved = (path: string, options: z.output<typeof optionsSchema>): StorageDriver => {
  if (!existsSync(path))
    throw new NotFound({
      kind: "store",
      key: path,
      code: "not-found",
      retryable: false,
      message: `There is no store at ${path}; check the path, or run a campaign first`,
    })
  const connection = new Connection(path, true)
  try {
    assertReadable(connection)
    checkSmall(connection)
    const records = connection.guard(() => new SqliteRecords(connection, () => undefined))
    return atOnce(
      oneProcessDriver({
        storage: "sqlite",
        records,
        mode: "observe",
        control: true,
        claimNotes: false,
        wakeups: wakeupsOf(connection, options.pollMs),
      }),
    )
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * One SQLite file, for one process that sends and any number that look: no native dependency, millions of rows, and
 * what was acknowledged survives power loss (WAL, synchronous=FULL).
 *
 * Opened to `observe` it reads beside a running owner and may leave `control` documents; leases are the owner's own,
 * so the column `rendering` shows as `scheduled` or `retrying` there.
 *
 * @param options The path, or {@link SqliteOptions}.
 * @throws InvalidInput for options that are not acceptable. `open` throws StorageOwned when another process owns the
 * file, NotFound when there is nothing to observe, and StorageError `corrupt`, `newer-schema`, `foreign-file`.
 */
export const sqlite = (options: string | SqliteOptions): SqliteStorage => {
  const checked = parse(
    optionsSchema,
    typeof options === "string" ? { file: options } : options,
    'The options of the storage "sqlite"',
  )
  return {
    name: "sqlite",
    capabilities: { processes: "one", durability: "fsync", sync: true, control: true, notify: true },
    open: ({ mode }) => {
      const path = canonicalPath(checked.file)
      return mode === "own" ? openOwned(path, checked) : openObserved(path, checked)
    },
  }
}
