import { createHash } from "node:crypto"
import { open, readFile, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import type { Adapter } from "lowdb"
import * as z from "zod"
import { StorageError } from "../../../sdk/errors.ts"

/** What lowdb holds: records by key, and whether the file was edited by hand. */
export interface RecordData {
  readonly records: Map<string, unknown>
  edited: boolean
}

const fileSchema = z.strictObject({
  sendstate: z.literal("records"),
  checksum: z.string(),
  records: z.record(z.string(), z.unknown()),
})

const lineOf = (key: string, value: unknown): string => `${JSON.stringify(key)}: ${JSON.stringify(value)}`

const checksumOf = (lines: ReadonlyArray<string>): string =>
  createHash("sha256").update(lines.join(",\n")).digest("hex")

/** One record a line, so that a person can read the file and a diff shows what changed. */
const textOf = (data: RecordData): string => {
  const lines = [...data.records].map(([key, value]) => lineOf(key, value))
  return `{\n"sendstate": "records",\n"checksum": "${checksumOf(lines)}",\n"records": {\n${lines.join(",\n")}\n}}\n`
}

const refuse = (path: string, why: string, cause?: unknown): StorageError =>
  new StorageError({
    storage: "lowdb",
    code: "corrupt",
    retryable: false,
    indeterminate: false,
    cause,
    message: `${path} ${why}. It was left as it is: restore a backup, or, if you edited it on purpose, accept it with \`sendstate verify --accept\``,
  })

const parseText = (path: string, text: string, accept: boolean): RecordData => {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw refuse(path, "is no JSON", error)
  }
  const checked = fileSchema.safeParse(content)
  // A file that holds `null` is refused as well: lowdb itself would silently begin anew.
  if (!checked.success) throw refuse(path, "is no file of this storage", checked.error)
  const entries = Object.entries(checked.data.records)
  const edited = checksumOf(entries.map(([key, value]) => lineOf(key, value))) !== checked.data.checksum
  if (edited && !accept) throw refuse(path, "is not what was written (its checksum differs)")
  return { records: new Map(entries), edited }
}

const isCode = (error: unknown, ...codes: ReadonlyArray<string>): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code))

const writeWhole = async (path: string, text: string): Promise<void> => {
  const file = await open(path, "w", 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(dirname(path), "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const notWritten = (path: string, cause: unknown): StorageError => {
  const full = isCode(cause, "ENOSPC", "EDQUOT")
  const text = cause instanceof Error ? cause.message : String(cause)
  return new StorageError({
    storage: "lowdb",
    code: full ? "full" : "unavailable",
    retryable: full,
    indeterminate: false,
    cause,
    message: `${path} could not be written (${text}); nothing was changed. ${full ? "Free space, then resume" : "Check the rights of file and folder"}`,
  })
}

/**
 * lowdb's own adapters never sync and read a damaged file as an empty one. This one writes a new file, syncs it, puts
 * it in the old one's place and syncs the folder, and refuses what it did not write.
 */
export const recordFile = (path: string, options: { readonly accept: boolean }): Adapter<RecordData> => ({
  read: async () => {
    let text: string
    try {
      text = await readFile(path, "utf8")
    } catch (error) {
      if (isCode(error, "ENOENT")) return null
      throw refuse(path, "cannot be read", error)
    }
    return parseText(path, text, options.accept)
  },
  write: async (data) => {
    const next = `${path}.next`
    try {
      await writeWhole(next, textOf(data))
      await rename(next, path)
    } catch (error) {
      // What failed is reported; that the rest of it cannot be removed either adds nothing.
      await rm(next, { force: true }).catch(() => undefined)
      throw notWritten(path, error)
    }
    await syncFolder(path)
  },
})
