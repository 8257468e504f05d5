import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { InvalidInput, isConserved, StorageError } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { sampleRows } from "sendstate/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { temporaryFolder } from "../stores.ts"

const { claim, failedOf, intentOf, itemOf, noon, read, setCampaign } = sampleRows

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

  it("takes a batch back as a whole when one of its elements cannot be written", async () => {
    const driver = sqlite(file).open(own)
    await setCampaign(driver, "running")
    await driver.enroll([itemOf("ann"), itemOf("bob")])
    const [ann, bob] = await claim(driver)
    if (ann === undefined || bob === undefined) throw new Error("no rows")
    // Something that is no JSON has got into an event.
    const unwritable = { type: "UNKNOWN", at: noon, stage: 1n as unknown as string } as const
    const failed = { _tag: "StorageError", indeterminate: false }
    await expect(
      (async () => driver.commit([intentOf(ann), intentOf(bob, { events: [unwritable] })], noon))(),
    ).rejects.toMatchObject(failed)
    expect(await driver.get([ann.id, bob.id])).toEqual([ann, bob])
    expect(await driver.commit([intentOf(ann), intentOf(bob)], noon)).toMatchObject([{ type: "ok" }, { type: "ok" }])
    // The first executions of a campaign: nothing of it must be remembered when they are not stored.
    const autumn = itemOf("ann", { campaignId: "autumn" })
    const broken = itemOf("bob", { campaignId: "autumn" })
    const context = { ...broken.execution.context, attempt: 1n as unknown as number }
    await expect(
      (async () => driver.enroll([autumn, { ...broken, execution: { ...broken.execution, context } }]))(),
    ).rejects.toMatchObject(failed)
    expect(await driver.enroll([itemOf("cyd", { campaignId: "winter" }), autumn])).toEqual(["created", "created"])
    await driver.close()
    const again = sqlite(file).open(own)
    expect(await read(again, "autumn-ann-0")).toMatchObject({ campaignId: "autumn" })
    expect(await read(again, "winter-cyd-0")).toMatchObject({ campaignId: "winter" })
    expect(await again.verify()).toEqual({ executions: 4, problems: [] })
    await again.close()
  })

  it("holds no notes of claims any more when it was closed in order", async () => {
    const driver = sqlite(file).open(own)
    await setCampaign(driver, "running")
    await driver.enroll([itemOf("ann")])
    await claim(driver)
    await driver.close()
    const db = new DatabaseSync(file)
    expect(db.prepare("SELECT count(*) AS notes FROM claim").get()).toEqual({ notes: 0 })
    db.close()
  })

  it("shows an observer at once when something becomes due", async () => {
    const driver = sqlite(file).open(own)
    const observer = sqlite(file).open({ ...own, mode: "observe" })
    expect(await observer.nextDueAt()).toBeNull()
    await setCampaign(driver, "running")
    await driver.enroll([itemOf("ann", { dueAt: noon + 5 })])
    expect(await observer.nextDueAt()).toBe(noon + 5)
    await setCampaign(driver, "paused")
    expect(await observer.nextDueAt()).toBeNull()
    await observer.close()
    await driver.close()
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
    await driver.erase("ann", "nobody")
    await driver.close()
    expect(readFileSync(file).includes("Ann Unmistakable")).toBe(false)
  })
})
