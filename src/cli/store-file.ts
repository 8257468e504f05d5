import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import process from "node:process"
import type { Storage } from "sendstate/sdk"
import { UsageError } from "./usage-error.ts"

/** The database file that a campaign of this id is run on by default: in the working directory. */
export const defaultStoreFile = (campaignId: string): string => `${campaignId}.db`

/** The storage of a file: `.json` is lowdb, everything else SQLite. */
export const storageOfFile = async (file: string, options: { readonly accept?: boolean } = {}): Promise<Storage> => {
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
    if (existsSync(named)) return named
    throw new UsageError(`There is no database ${named}. Check the path, or run a campaign first.`)
  }
  const files = (await readdir(".")).filter((file) => file.endsWith(".db")).sort()
  const [only] = files
  if (only !== undefined && files.length === 1) return only
  const there = files.length === 0 ? "there is no .db file here" : `here are ${files.slice(0, 5).join(", ")}`
  throw new UsageError(`Which database? Give --db FILE (${there}).`)
}
