import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { InvalidInput, isConserved, StorageError } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { claim, failedOf, itemOf, noon, setCampaign } from "../rows.ts"
import { temporaryFolder } from "../stores.ts"

const own = { mode: "own", now: () => noon } as const

describe("a sqlite file", () => {
  let folder: string
  let file: string

  beforeEach(() => {
    folder = temporaryFolder()
    file = join(folder, "store.db")
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it("can be read by its owner's user only, with everything beside it", async () => {
    const driver = sqlite(file).open(own)
    await driver.enroll([itemOf("ann")])
    const names = readdirSync(folder)
    expect(names).toContain("store.db-wal")
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
    await driver.close()
  })

  it("is one file by whatever name it is opened", async () => {
    const driver = sqlite(file).open(own)
    symlinkSync(file, join(folder, "link.db"))
    expect(() => sqlite(join(folder, "link.db")).open(own)).toThrow(expect.objectContaining({ _tag: "StorageOwned" }))
    expect(() => sqlite(join(folder, ".", "store.db")).open(own)).toThrow(
      expect.objectContaining({ _tag: "StorageOwned" }),
    )
    await driver.close()
  })

  it("of a newer program is refused and left alone", async () => {
    const driver = sqlite(file).open(own)
    await driver.close()
    const db = new DatabaseSync(file)
    db.exec("INSERT INTO schema_version VALUES (2)")
    db.close()
    const newer = expect.objectContaining({ _tag: "StorageError", code: "newer-schema" })
    expect(() => sqlite(file).open(own)).toThrow(newer)
    expect(() => sqlite(file).open({ ...own, mode: "observe" })).toThrow(newer)
    // A refusal frees the lock.
    expect(() => sqlite(file).open(own)).toThrow(newer)
  })

  it("of another program is refused", () => {
    const db = new DatabaseSync(file)
    db.exec("CREATE TABLE recipes (name TEXT)")
    db.close()
    expect(() => sqlite(file).open(own)).toThrow(expect.objectContaining({ code: "foreign-file" }))
    expect(() => sqlite(file).open({ ...own, mode: "observe" })).toThrow(
      expect.objectContaining({ code: "foreign-file" }),
    )
  })

  it("that is still empty cannot be observed, and is left empty", () => {
    writeFileSync(file, "")
    expect(() => sqlite(file).open({ ...own, mode: "observe" })).toThrow(
      expect.objectContaining({ code: "older-schema" }),
    )
    expect(statSync(file).size).toBe(0)
  })

  it("that may not grow refuses a batch as a whole, loses nothing, and goes on when there is room", async () => {
    const small = sqlite({ file, maxBytes: 1_048_576 })
    const driver = small.open(own)
    await setCampaign(driver, "running")
    let enrolled = 0
    const fill = async () => {
      for (let batch = 0; ; batch++) {
        const items = Array.from({ length: 50 }, (_, index) => itemOf(`lead-${batch}-${index}`))
        const results = await driver.enroll(items)
        enrolled += results.length
      }
    }
    const full = await fill().catch((error: unknown) => error)
    expect(full).toBeInstanceOf(StorageError)
    expect(full).toMatchObject({ code: "full", retryable: true, indeterminate: false })
    expect(enrolled).toBeGreaterThan(100)
    const counts = await driver.counts("spring")
    expect(counts).toMatchObject({ planned: enrolled, scheduled: enrolled, enrollments: { active: enrolled } })
    expect(isConserved(counts)).toBe(true)
    expect(await driver.verify()).toMatchObject({ executions: enrolled, problems: [] })
    // Leases cost no room, and what is due after a failed write is found like before.
    const rows = await claim(driver, { limit: 3 })
    expect(rows).toHaveLength(3)
    await driver.close()
    const larger = sqlite(file).open(own)
    expect(await larger.enroll([itemOf("one-more")])).toEqual(["created"])
    const [row] = await claim(larger, { limit: 1 })
    if (row === undefined) throw new Error("nothing is due")
    expect(await larger.commit([failedOf(row)], noon)).toMatchObject([{ type: "ok" }])
    await larger.close()
  })

  it("in a folder that is not there is refused with its name", () => {
    expect(() => sqlite(join(folder, "no", "store.db")).open(own)).toThrow(
      expect.objectContaining({ _tag: "StorageError", code: "no-folder" }),
    )
  })

  it("must be a file: no memory database, no URL, no unknown option", () => {
    for (const options of [":memory:", "file:x?mode=memory", "", { file, cache: 1 }, { file, pollMs: 1 }])
      expect(() => sqlite(options)).toThrow(InvalidInput)
  })

  it("erases a lead from the file, not only from its tables", async () => {
    const driver = sqlite(file).open(own)
    const item = itemOf("ann")
    await driver.enroll([{ ...item, lead: { ...item.lead, name: "Ann Unmistakable" } }])
    await driver.erase("ann")
    await driver.close()
    expect(readFileSync(file).includes("Ann Unmistakable")).toBe(false)
  })
})
