import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { documentStorage, type Storage } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { memory } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { faultyStorage, type StoreSubject, sampleRows } from "sendstate/testing"

const { noon } = sampleRows

const storeOf = (storage: Storage, folder?: string, crash?: StoreSubject["crash"]): StoreSubject => ({
  storage,
  open: async (mode = "own") => storage.open({ mode, now: () => noon }),
  ...(crash === undefined ? {} : { crash }),
  dispose: () => folder !== undefined && rmSync(folder, { recursive: true, force: true }),
})

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "sendstate-test-"))

/** The README's storage: one JSON line for each batch. */
const lines = (path: string): Storage =>
  documentStorage({
    name: "lines",
    durability: "os",
    sync: true,
    open: () => ({
      load: () => {
        const records = new Map<string, unknown>()
        const text = existsSync(path) ? readFileSync(path, "utf8") : ""
        for (const line of text.split("\n").filter((part) => part !== ""))
          for (const [key, value] of JSON.parse(line) as Array<[string, unknown]>)
            if (value === null) records.delete(key)
            else records.set(key, value)
        return records
      },
      write: (changes) => appendFileSync(path, `${JSON.stringify(changes)}\n`),
    }),
  })

/** A store that answers late, as one behind a network does. */
const slow = (): Storage => {
  const records = new Map<string, string>()
  return documentStorage({
    name: "slow",
    durability: "replicated",
    open: async () => ({
      load: async () => [...records].map(([key, text]): [string, unknown] => [key, JSON.parse(text)]),
      write: async (changes) => {
        const texts = changes.map(([key, value]) => [key, value && JSON.stringify(value)] as const)
        await setImmediate()
        for (const [key, text] of texts)
          if (text === null) records.delete(key)
          else records.set(key, text)
      },
    }),
  })
}

/** A function that makes each of the stores, by name. */
export const stores: Readonly<Record<string, () => StoreSubject>> = {
  memory: () => {
    const storage = memory()
    return storeOf(storage, undefined, async () => storage.kill())
  },
  "a faultyStorage that injects nothing": () => {
    const storage = memory()
    return storeOf(faultyStorage(storage), undefined, async () => storage.kill())
  },
  sqlite: () => {
    const folder = temporaryFolder()
    return storeOf(sqlite(join(folder, "store.db")), folder)
  },
  lowdb: () => {
    const folder = temporaryFolder()
    return storeOf(lowdb(join(folder, "store.json")), folder)
  },
  "a documentStorage that appends lines": () => {
    const folder = temporaryFolder()
    // It has no lock: to leave the driver alone is all that a crash is.
    return storeOf(lines(join(folder, "store.jsonl")), folder, async () => undefined)
  },
  "a documentStorage that answers late": () => storeOf(slow(), undefined, async () => undefined),
}
