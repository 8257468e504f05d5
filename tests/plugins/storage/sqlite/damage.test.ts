import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { type StorageDriver, StorageError } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { sampleRows } from "sendstate/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { temporaryFolder } from "../stores.ts"

const { claim, failedOf, intentOf, itemOf, noon, read, sentOf, setCampaign } = sampleRows

const open = (file: string) => sqlite(file).open({ mode: "own", now: () => noon })

/** mulberry32: the same flips in each run. */
const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const names = Array.from({ length: 25 }, (_, index) => `lead-${String(index).padStart(2, "0")}`)

const play = async (driver: StorageDriver): Promise<void> => {
  await setCampaign(driver, "running")
  await driver.enroll(names.map((name) => itemOf(name)))
  const rows = await claim(driver, { limit: 15 })
  await driver.commit(
    rows.slice(0, 10).map((row) => intentOf(row)),
    noon,
  )
  await driver.commit(
    rows.slice(10, 13).map((row) => failedOf(row)),
    noon,
  )
  for (const row of rows.slice(0, 8)) await driver.commit([sentOf(await read(driver, row.id))], noon)
  await driver.writeDocuments([{ kind: "suppression", key: "someone", value: { why: "unsubscribed" } }])
}

/** Every question that can be asked; each answer as JSON, or what it throws. */
const askAll = async (driver: StorageDriver): Promise<Map<string, string | StorageError>> => {
  const answers = new Map<string, string | StorageError>()
  const ask = async (name: string, question: () => unknown) => {
    try {
      answers.set(name, JSON.stringify(await question()))
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      answers.set(name, error)
    }
  }
  for (const name of names) {
    await ask(`get ${name}`, () => driver.get([`spring-${name}-0`]))
    await ask(`history ${name}`, () => driver.history(`spring-${name}-0`))
    await ask(`enrollment ${name}`, () => driver.enrollments([`spring-${name}`]))
    await ask(`lead ${name}`, () => driver.documents("lead", [name]))
  }
  await ask("list", () => driver.list({ limit: 1_000 }))
  await ask("list failed", () => driver.list({ limit: 1_000, buckets: ["failed"] }))
  await ask("counts", () => driver.counts("spring"))
  await ask("changes", () => driver.changes(0, 1_000))
  await ask("suppressions", () => driver.listDocuments("suppression", { limit: 10 }))
  await ask("claim", () => claim(driver, { limit: 1_000 }))
  return answers
}

describe("a sqlite file that is damaged", () => {
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = temporaryFolder()
    file = join(folder, "store.db")
    const driver = open(file)
    await play(driver)
    await driver.close()
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it("gives exactly what was written or a typed error, whatever bit flips", async () => {
    const untouched = join(folder, "untouched.db")
    copyFileSync(file, untouched)
    const truth = await (async () => {
      const driver = open(untouched)
      const answers = await askAll(driver)
      await driver.close()
      return answers
    })()
    const bytes = readFileSync(file)
    const random = randomOf(7)
    const seen = { refused: 0, damaged: 0, harmless: 0 }
    for (let flip = 0; flip < 250; flip++) {
      const copy = join(folder, "flipped.db")
      const flipped = Buffer.from(bytes)
      const at = Math.floor(random() * flipped.length)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8))
      for (const end of ["", "-wal", "-shm"]) rmSync(`${copy}${end}`, { force: true })
      writeFileSync(copy, flipped)
      let driver: StorageDriver
      try {
        driver = open(copy)
      } catch (error) {
        expect(error).toBeInstanceOf(StorageError)
        seen.refused++
        continue
      }
      let errors = 0
      for (const [question, answer] of await askAll(driver))
        if (answer instanceof StorageError) errors++
        else expect(answer, `byte ${at}: ${question}`).toBe(truth.get(question))
      if (errors > 0) seen.damaged++
      else seen.harmless++
      try {
        await driver.close()
      } catch (error) {
        expect(error).toBeInstanceOf(StorageError)
      }
    }
    expect(seen.refused).toBeGreaterThan(0)
    expect(seen.damaged).toBeGreaterThan(0)
  })

  it("names the row that is not as it was written, and says what to do", async () => {
    const db = new DatabaseSync(file)
    db.exec("UPDATE execution SET body = replace(body, 'scheduled', 'sending.x') WHERE lead = 'lead-20'")
    db.close()
    const driver = open(file)
    const error = await (async () => driver.get(["spring-lead-20-0"]))().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ code: "corrupt", retryable: false, storage: "sqlite" })
    expect(String(error)).toMatch(/spring-lead-20-0.*verify.*backup/s)
    expect(await read(driver, "spring-lead-21-0")).toMatchObject({ state: "scheduled" })
    const { problems } = await driver.verify()
    expect(problems.map(({ key }) => key)).toContain("execution/spring-lead-20-0")
    await driver.close()
  })

  it("is found out when what many rows share was changed", async () => {
    const db = new DatabaseSync(file)
    db.exec("UPDATE shape SET body = replace(body, 'template-0', 'template-9')")
    db.close()
    const driver = open(file)
    const error = await (async () => driver.get(["spring-lead-20-0"]))().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ _tag: "StorageError", code: "corrupt" })
    await driver.close()
  })

  it("is found out by verify when a counter or a document was changed", async () => {
    const db = new DatabaseSync(file)
    db.exec("UPDATE document SET value = '{}' WHERE kind = 'suppression'")
    db.exec("DELETE FROM execution WHERE lead = 'lead-24'")
    db.close()
    const driver = open(file)
    const problems = (await driver.verify()).problems.map(({ key }) => key)
    expect(problems).toContain("document/suppression/someone")
    expect(problems).toContain("counts/spring")
    expect(problems.some((key) => key.startsWith("history/"))).toBe(true)
    await driver.close()
  })

  it("is refused when its end is cut off or it is no database at all", () => {
    truncateSync(file, statSync(file).size - 5_000)
    expect(() => open(file)).toThrow(StorageError)
    writeFileSync(file, "dear diary, today I have written a text file of a certain length".repeat(100))
    expect(() => open(file)).toThrow(expect.objectContaining({ code: "corrupt" }))
  })

  it("gives an earlier committed state when the end of its log is cut off", async () => {
    const driver = open(file)
    const before = (await driver.list({ limit: 1_000 })).length
    for (let n = 0; n < 20; n++) await driver.enroll([itemOf(`late-${n}`)])
    const copy = join(folder, "cut.db")
    for (const end of ["", "-wal"]) copyFileSync(`${file}${end}`, `${copy}${end}`)
    await driver.close()
    truncateSync(`${copy}-wal`, Math.floor(statSync(`${copy}-wal`).size * 0.6))
    const cut = open(copy)
    const rows = await cut.list({ limit: 1_000 })
    expect(rows.length).toBeGreaterThan(before)
    expect(rows.length).toBeLessThan(before + 20)
    expect(await cut.counts("spring")).toMatchObject({ planned: rows.length })
    expect(await cut.verify()).toMatchObject({ problems: [] })
    await cut.close()
  })
})
