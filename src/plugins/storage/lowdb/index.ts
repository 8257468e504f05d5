import { existsSync } from "node:fs"
import { Low } from "lowdb"
import * as z from "zod"
import { NotFound } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import { documentStorage, type RecordStore } from "../../../sdk/storage/one-process/document-storage.ts"
import type { OpenOptions, Storage } from "../../../sdk/storage/storage.ts"
import { canonicalPath, type OwnerLock, takeOwnerLock } from "../owner-lock.ts"
import { type RecordData, recordFile } from "./record-file.ts"

/** How {@link lowdb} is set up. */
export interface LowdbOptions {
  /** Path of the JSON file; created if its folder exists. Beside it: `.owner` (the lock) and, while writing, `.next`. */
  readonly file: string
  /** Takes a file that was edited by hand, and signs it anew. It must still be well-formed. Default false. */
  readonly accept?: boolean | undefined
}

const optionsSchema = z.strictObject({ file: z.string().min(1), accept: z.boolean().default(false) })

const storeOf = (low: Low<RecordData>, lock: OwnerLock | undefined): RecordStore => ({
  load: async () => {
    await low.read()
    if (low.data.edited && lock !== undefined) await low.write()
    low.data.edited = false
    return low.data.records
  },
  write: async (changes) => {
    const { records } = low.data
    const before = changes.map(([key]) => [key, records.get(key)] as const)
    const set = (key: string, value: unknown) => {
      if (value === null || value === undefined) records.delete(key)
      else records.set(key, value)
    }
    for (const [key, value] of changes) set(key, value)
    try {
      await low.write()
    } catch (error) {
      for (const [key, value] of before) set(key, value)
      throw error
    }
  },
  close: () => lock?.release(),
})

const openStore = (file: string, accept: boolean, { mode }: OpenOptions): RecordStore => {
  const path = canonicalPath(file)
  if (mode === "observe" && !existsSync(path))
    throw new NotFound({
      kind: "store",
      key: path,
      code: "not-found",
      retryable: false,
      message: `There is no store at ${path}; check the path, or run a campaign first`,
    })
  const lock = mode === "own" ? takeOwnerLock("lowdb", path) : undefined
  return storeOf(new Low<RecordData>(recordFile(path, { accept }), { records: new Map(), edited: false }), lock)
}

/**
 * One JSON file that a person can read, written through lowdb: for small campaigns and for looking at what happens.
 * One process; at most 20,000 executions; each write is a write of the whole file (synced, then put in place), and
 * what is asked for meanwhile is written together. Control by another process is refused: use sqlite for that.
 *
 * @param options The path, or {@link LowdbOptions}.
 * @throws InvalidInput for options that are not acceptable. `open` rejects with StorageOwned when another process owns
 * the file, NotFound when there is nothing to observe, and StorageError `corrupt` for a damaged or edited file, which
 * is left as it is.
 */
export const lowdb = (options: string | LowdbOptions): Storage => {
  const { file, accept } = parse(
    optionsSchema,
    typeof options === "string" ? { file: options } : options,
    'The options of the storage "lowdb"',
  )
  return documentStorage({
    name: "lowdb",
    durability: "fsync",
    maxExecutions: 20_000,
    open: (opening) => openStore(file, accept, opening),
  })
}
