import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import process from "node:process"
import { NotFound, type Storage } from "sendstate/sdk"
import { UsageError } from "./usage-error.ts"

/** The database file that a campaign of this id is run on by default: in the working directory. */
export const defaultStoreFile = (campaignId: string): string => `${campaignId}.db`

const isServer = (file: string): boolean => /^postgres(ql)?:\/\//.test(file)

/** A database as it may be shown: without its password. */
export const shownStore = (file: string): string =>
  isServer(file) ? file.replace(/:\/\/([^:@/]*):.*@/, "://$1:***@") : file

/** Whether there is something to look at. */
export const storeExists = async (file: string): Promise<boolean> => {
  if (!isServer(file)) return existsSync(file)
  const storage = await storageOfFile(file)
  try {
    const driver = await storage.open({ mode: "observe", now: Date.now })
    await driver.close()
    return true
  } catch (error) {
    if (error instanceof NotFound) return false
    throw error
  }
}

/** The storage of a name: a `postgres:` URL, a `.json` file for lowdb, any other file for SQLite. */
export const storageOfFile = async (file: string, options: { readonly accept?: boolean } = {}): Promise<Storage> => {
  if (isServer(file)) {
    const { postgres } = await import("sendstate/storage/postgres")
    return postgres(file)
  }
  if (file.endsWith(".json")) {
    const { lowdb } = await import("sendstate/storage/lowdb")
    return lowdb({ file, accept: options.accept === true })
  }
  const { sqlite } = await import("sendstate/storage/sqlite")
  return sqlite(file)
}

/**
 * The file that a command looks at: `--db`, else SENDSTATE_DB, else the one `.db` file of the working directory.
 *
 * @throws UsageError when there is none, or more than one.
 */
export const findStoreFile = async (asked: string | undefined): Promise<string> => {
  const named = asked ?? process.env.SENDSTATE_DB
  if (named !== undefined && named !== "") {
    if (isServer(named) || existsSync(named)) return named
    throw new UsageError(`There is no database ${named}. Check the path, or run a campaign first.`)
  }
  const files = (await readdir(".")).filter((file) => file.endsWith(".db")).sort()
  const [only] = files
  if (only !== undefined && files.length === 1) return only
  const there = files.length === 0 ? "there is no .db file here" : `here are ${files.slice(0, 5).join(", ")}`
  throw new UsageError(`Which database? Give --db FILE (${there}).`)
}
