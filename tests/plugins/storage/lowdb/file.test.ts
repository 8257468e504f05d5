import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { InvalidInput } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sampleRows } from "sendstate/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { temporaryFolder } from "../stores.ts"

const { itemOf, noon, read } = sampleRows

describe("a lowdb file", () => {
  let folder: string
  let file: string
  const open = async (options: { accept?: boolean; mode?: "own" | "observe" } = {}) => {
    const { mode = "own", ...rest } = options
    return lowdb({ file, ...rest }).open({ mode, now: () => noon })
  }

  beforeEach(async () => {
    folder = temporaryFolder()
    file = join(folder, "store.json")
    const driver = await open()
    await driver.enroll([itemOf("ann"), itemOf("bob")])
    await driver.close()
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const edit = (from: string, to: string) => {
    const text = readFileSync(file, "utf8")
    expect(text).toContain(from)
    writeFileSync(file, text.replace(from, to))
  }

  it("is JSON that a person can read, one record a line, for its owner's user only", () => {
    const text = readFileSync(file, "utf8")
    expect(Object.keys(JSON.parse(text).records)).toContain("execution/spring-ann-0")
    expect(text.split("\n").filter((line) => line.startsWith('"execution/'))).toHaveLength(2)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
    expect(existsSync(`${file}.next`)).toBe(false)
  })

  it.each([
    ["null", "null"],
    ["nothing", ""],
    ["half of it", '{"sendstate": "records", "rec'],
    ["another program's JSON", '{"users": []}'],
  ])("that holds %s is refused and kept", async (_what, text) => {
    writeFileSync(file, text)
    await expect(open()).rejects.toMatchObject({ _tag: "StorageError", code: "corrupt" })
    await expect(open({ mode: "observe" })).rejects.toMatchObject({ code: "corrupt" })
    await expect(open({ accept: true })).rejects.toMatchObject({ code: "corrupt" })
    expect(readFileSync(file, "utf8")).toBe(text)
  })

  it("that was edited by hand is refused until it is accepted, and then signed anew", async () => {
    edit('"city":"Paris"', '"city":"Lyon"')
    const edited = readFileSync(file, "utf8")
    await expect(open()).rejects.toMatchObject({ code: "corrupt" })
    expect(readFileSync(file, "utf8")).toBe(edited)
    const accepted = await open({ accept: true })
    expect(await accepted.documents("lead", ["ann"])).toMatchObject([{ value: { data: { city: "Lyon" } } }])
    await accepted.close()
    const again = await open()
    expect(await read(again, "spring-ann-0")).toMatchObject({ state: "scheduled" })
    await again.close()
  })

  it("may be formatted differently: that changes nothing", async () => {
    writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, "utf8")), null, 4))
    await (await open()).close()
  })

  it("with a record that cannot be is refused although it is accepted, and names the record", async () => {
    edit('"state":"scheduled"', '"state":"teleported"')
    const error = await open({ accept: true }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "corrupt" })
    expect(String(error)).toContain("execution/spring-ann-0")
  })

  it("of a newer program is refused", async () => {
    edit('{"format":1}', '{"format":2}')
    await expect(open({ accept: true })).rejects.toMatchObject({ code: "newer-schema" })
  })

  it("takes no more executions than it is meant for, and enrolls nothing of a batch that would", async () => {
    const driver = await open()
    const items = Array.from({ length: 19_999 }, (_, index) => itemOf(`lead-${index}`))
    await expect((async () => driver.enroll(items))()).rejects.toMatchObject({ code: "too-many-executions" })
    expect((await driver.counts("spring")).planned).toBe(2)
    expect(await driver.enroll(items.slice(0, 100))).toHaveLength(100)
    await driver.close()
  })

  it("gets what is asked for meanwhile in one write", async () => {
    const driver = await open()
    const inode = () => statSync(file).ino
    const seen = new Set<number>()
    const asked = Array.from({ length: 40 }, async (_, index) => {
      await driver.enroll([itemOf(`lead-${index}`)])
      seen.add(inode())
    })
    await Promise.all(asked)
    // The first alone, then all that waited for it; each write makes a new file.
    expect(seen.size).toBeLessThanOrEqual(3)
    expect((await driver.counts("spring")).planned).toBe(42)
    await driver.close()
  })

  it("that cannot be written keeps what it had, and says so", async () => {
    const driver = await open()
    const before = readFileSync(file, "utf8")
    // A folder in the place of the new file: nobody can write there, not even root.
    mkdirSync(`${file}.next`)
    await expect((async () => driver.enroll([itemOf("cyd")]))()).rejects.toMatchObject({
      _tag: "StorageError",
      code: "unavailable",
      indeterminate: false,
    })
    expect(readFileSync(file, "utf8")).toBe(before)
    expect((await driver.counts("spring")).planned).toBe(2)
    rmSync(`${file}.next`, { recursive: true, force: true })
    expect(await driver.enroll([itemOf("cyd")])).toEqual(["created"])
    await driver.close()
  })

  it("needs a name", () => {
    expect(() => lowdb("")).toThrow(InvalidInput)
  })
})
