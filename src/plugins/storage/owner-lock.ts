import { closeSync, existsSync, openSync, realpathSync, rmSync, truncateSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { StorageError, StorageOwned } from "../../sdk/errors.ts"

/** Proof that no other process owns a file, until it is released or the process ends. */
export interface OwnerLock {
  readonly release: () => void
}

/** The same file by whatever path or link it is named, so that there is one lock for it. */
export const canonicalPath = (file: string): string => {
  const path = resolve(file)
  if (existsSync(path)) return realpathSync(path)
  const folder = dirname(path)
  if (!existsSync(folder))
    throw new StorageError({
      storage: "file",
      code: "no-folder",
      retryable: false,
      indeterminate: false,
      message: `The folder ${folder} does not exist; create it first`,
    })
  return join(realpathSync(folder), basename(path))
}

/**
 * Creates the file for its owner only, if it is not there.
 *
 * @returns Whether it was created.
 */
export const createPrivately = (path: string): boolean => {
  try {
    // Exclusively: to open and close a file on which SQLite holds a lock would drop that lock (POSIX record locks).
    closeSync(openSync(path, "wx", 0o600))
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false
    throw error
  }
}

const hasCode = (error: unknown, ...codes: ReadonlyArray<number>): boolean =>
  error instanceof Error && "errcode" in error && codes.some((code) => code === error.errcode)

const isBusy = (error: unknown): boolean => hasCode(error, 5)

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const isDamaged = (error: unknown): boolean => hasCode(error, 11, 26)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

const pidIn = (db: DatabaseSync): number | undefined => {
  try {
    const pid = db.prepare("SELECT pid FROM owner").get()?.pid
    return typeof pid === "number" ? pid : undefined
  } catch (error) {
    // No table yet, or just being written: the owner has the lock, but has not said who it is.
    if (error instanceof Error) return undefined
    throw error
  }
}

const tryBegin = (db: DatabaseSync): boolean => {
  try {
    db.exec("BEGIN IMMEDIATE")
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

const take = (db: DatabaseSync): boolean => {
  if (!tryBegin(db)) return false
  db.exec("CREATE TABLE IF NOT EXISTS owner (pid INTEGER NOT NULL); DELETE FROM owner")
  db.prepare("INSERT INTO owner VALUES (?)").run(process.pid)
  db.exec("COMMIT")
  // The pid is readable before the lock is held for good. Whoever came in between has written another one.
  if (!tryBegin(db)) return false
  if (pidIn(db) === process.pid) return true
  db.exec("ROLLBACK")
  return false
}

// A power loss may leave anything in a file that is never synced; nobody who lives has written that. Emptied in place: a
// lock that somebody takes meanwhile is on the same file, and stays.
const empty = (lockPath: string): void => {
  rmSync(`${lockPath}-journal`, { force: true })
  truncateSync(lockPath)
}

const lock = (storage: string, path: string, lockPath: string): OwnerLock => {
  const db = new DatabaseSync(lockPath)
  try {
    // It is only ever read while its writer lives: nothing of it has to reach the disk.
    db.exec("PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF")
    for (let tries = 0; ; tries++) {
      if (take(db)) return { release: () => db.close() }
      const pid = pidIn(db)
      // The pid of a dead owner is seen for the moment between a new owner's lock and its own entry.
      if ((pid !== undefined && isAlive(pid)) || tries >= 20)
        throw new StorageOwned({
          storage,
          ownerPid: pid,
          code: "owned",
          retryable: true,
          message: `${path} is owned by the running process ${pid ?? "(unknown)"}; stop it first, or use one process for all campaigns of this file`,
        })
      pause(10)
    }
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Takes the lock of a file: a transaction that stays open in a SQLite file beside it. The operating system's lock
 * below it ends with the process, however that ends. A write transaction rather than an exclusive one, so that others
 * can read in it whose lock it is.
 *
 * @throws StorageOwned at once, with the pid, when another process, or this one, has it.
 */
export const takeOwnerLock = (storage: string, path: string): OwnerLock => {
  const lockPath = `${path}.owner`
  createPrivately(lockPath)
  try {
    return lock(storage, path, lockPath)
  } catch (error) {
    if (!isDamaged(error)) throw error
    empty(lockPath)
    return lock(storage, path, lockPath)
  }
}
