import { rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import * as fc from "fast-check"
import type { Storage } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sqlite } from "sendstate/storage/sqlite"
import { sampleRows } from "sendstate/testing"
import { describe, expect, test } from "vitest"
import { corpus, damaged, law, scratchFile, typedly } from "./corpus.ts"

const { itemOf, noon } = sampleRows

const opening = { mode: "own", now: () => noon } as const

/** Opens, reads and checks everything, and closes. */
const readAll = async (storage: Storage) => {
  const driver = await storage.open(opening)
  try {
    const { problems } = await driver.verify()
    const rows = await driver.list({ limit: 1_000 })
    return { ids: rows.map(({ id }) => id), problems: problems.length }
  } finally {
    await driver.close()
  }
}

const kinds: ReadonlyArray<readonly [string, (file: string) => Storage]> = [
  ["lowdb", (file) => lowdb(file)],
  ["sqlite", (file) => sqlite(file)],
]

describe.each(kinds)("%s", (kind, storageOf) => {
  test("refuses each file of the corpus with a typed error, and leaves it as it is", async () => {
    const write = await scratchFile("store")
    for (const [name, content] of [...corpus("lowdb"), ...corpus("sqlite")]) {
      const path = await write(content)
      // SQLite takes a file of no or of one byte for a new store.
      if (content.length < 2 && kind === "sqlite") continue
      expect([name, await typedly(() => readAll(storageOf(path)))]).toEqual([
        name,
        { refused: expect.stringMatching(/^StorageError (corrupt|foreign-file|unavailable)$/) },
      ])
      expect([name, (await readFile(path)).equals(content)]).toEqual([name, true])
    }
    expect("polluted" in {}).toBe(false)
  })

  test("opens a store with any bytes cut, doubled or replaced as what was written, or not at all", async () => {
    const write = await scratchFile("store")
    const path = await write(Buffer.alloc(0))
    rmSync(path)
    const driver = await storageOf(path).open(opening)
    const names = Array.from({ length: 12 }, (_, index) => `lead-${index}`)
    await driver.enroll(names.map((name) => itemOf(name)))
    await driver.close()
    const good = await readFile(path)
    const whole = await readAll(storageOf(path))
    expect(whole).toEqual({ ids: expect.arrayContaining(["spring-lead-0-0"]), problems: 0 })
    await fc.assert(
      fc.asyncProperty(damaged([good]), async (bytes) => {
        for (const beside of ["-wal", "-shm", ".owner"]) rmSync(`${path}${beside}`, { force: true })
        await write(bytes)
        const answer = await typedly(() => readAll(storageOf(path)))
        if ("refused" in answer) expect(answer.refused).toMatch(/^StorageError /)
        else if (answer.problems === 0) expect(answer.ids).toEqual(whole.ids)
      }),
      law(150),
    )
  }, 60_000)
})
