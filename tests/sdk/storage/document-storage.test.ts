import { setImmediate } from "node:timers/promises"
import { documentStorage, isConserved, type RecordChange, type StorageDriver, StorageError } from "sendstate/sdk"
import { sampleRows } from "sendstate/testing"
import { beforeEach, describe, expect, it } from "vitest"

const { claim, claimOne, failedOf, intentOf, itemOf, noon, read, setCampaign } = sampleRows

/** A place for records whose next writes can be made to fail, before or after they were stored. */
class Place {
  readonly records = new Map<string, string>()
  readonly batches: Array<ReadonlyArray<RecordChange>> = []
  failure: { readonly error: Error; readonly stored: boolean } | undefined
  closed = 0

  apply(changes: ReadonlyArray<RecordChange>): void {
    for (const [key, value] of changes)
      if (value === null) this.records.delete(key)
      else this.records.set(key, JSON.stringify(value))
  }

  write(changes: ReadonlyArray<RecordChange>): void {
    const { failure } = this
    this.failure = undefined
    if (failure === undefined || failure.stored) this.apply(changes)
    if (failure !== undefined) throw failure.error
    this.batches.push(changes)
  }

  storage(late: boolean) {
    return documentStorage({
      name: "place",
      durability: "os",
      sync: !late,
      maxExecutions: 50,
      open: () => ({
        load: () => [...this.records].map(([key, text]): [string, unknown] => [key, JSON.parse(text)]),
        write: late
          ? async (changes) => {
              await setImmediate()
              this.write(changes)
            }
          : (changes) => this.write(changes),
        close: () => void this.closed++,
      }),
    })
  }
}

const refusalOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

describe.each([
  ["that answers at once", false],
  ["that answers late", true],
])("a documentStorage %s", (_name, late) => {
  let place: Place
  let driver: StorageDriver

  const open = async () => place.storage(late).open({ mode: "own", now: () => noon })

  beforeEach(async () => {
    place = new Place()
    driver = await open()
    await setCampaign(driver, "running")
    place.batches.length = 0
  })

  it("hands over all records of a call as one batch, each key once", async () => {
    await driver.enroll([itemOf("ann"), itemOf("bob")])
    expect(place.batches).toHaveLength(1)
    const keys = place.batches[0]?.map(([key]) => key) ?? []
    expect(new Set(keys).size).toBe(keys.length)
    expect([...keys].sort()).toEqual([
      "counts/spring",
      "document/lead/ann",
      "document/lead/bob",
      "enrollment/spring-ann",
      "enrollment/spring-bob",
      "execution/spring-ann-0",
      "execution/spring-bob-0",
      "history/1",
      "history/2",
    ])
  })

  it("writes nothing for a call that changes nothing", async () => {
    await driver.enroll([itemOf("ann")])
    place.batches.length = 0
    await driver.enroll([itemOf("ann")])
    await driver.commit([failedOf(await read(driver, "spring-ann-0"))], noon)
    await claim(driver, { now: noon - 1 })
    expect(place.batches).toEqual([])
  })

  it.each([
    ["nothing of it was stored", false],
    ["all of it was stored", true],
  ])(
    "shows nothing of a write that failed although %s, and heals the place with the next one",
    async (_what, stored) => {
      await driver.enroll([itemOf("ann"), itemOf("bob")])
      const before = new Map(place.records)
      place.failure = { error: new Error("cable"), stored }
      const error = await refusalOf(() => driver.enroll([itemOf("cyd"), itemOf("dan")]))
      expect(error).toBeInstanceOf(StorageError)
      expect(error).toMatchObject({ code: "unavailable", retryable: true, indeterminate: true })
      expect(String(error)).toContain("cable")
      const counts = await driver.counts("spring")
      expect(counts).toMatchObject({ planned: 2, scheduled: 2, enrollments: { active: 2 } })
      expect(isConserved(counts)).toBe(true)
      expect(await driver.get(["spring-cyd-0"])).toEqual([undefined])
      expect((await driver.changes(0, 10)).entries).toHaveLength(2)
      await setCampaign(driver, "running")
      before.delete("document/campaign/spring")
      expect(new Map([...place.records].filter(([key]) => key !== "document/campaign/spring"))).toEqual(before)
      expect(await driver.enroll([itemOf("cyd")])).toEqual(["created"])
      expect(await driver.verify()).toEqual({ executions: 3, problems: [] })
    },
  )

  it("has the same leases and due rows after a write that failed", async () => {
    await driver.enroll([itemOf("ann"), itemOf("bob", { dueAt: noon + 9 })])
    const row = await claimOne(driver)
    place.failure = { error: new Error("cable"), stored: false }
    await refusalOf(() => driver.commit([intentOf(row)], noon))
    expect(await read(driver, row.id)).toEqual(row)
    expect(await driver.nextDueAt()).toBe(noon + 9)
    expect(await driver.commit([intentOf(row)], noon)).toMatchObject([{ type: "ok" }])
    place.failure = { error: new Error("cable"), stored: false }
    await refusalOf(() => claim(driver, { now: noon + 9 }))
    expect(await driver.counts("spring")).toMatchObject({ scheduled: 1, sending: 1, rendering: 0 })
    expect(await claimOne(driver, noon + 9)).toMatchObject({ leadId: "bob", claims: 1 })
  })

  it("passes the author's own StorageError on", async () => {
    const error = new StorageError({
      storage: "place",
      code: "full",
      retryable: true,
      indeterminate: false,
      message: "no room",
    })
    place.failure = { error, stored: false }
    expect(await refusalOf(() => driver.enroll([itemOf("ann")]))).toBe(error)
  })

  it("refuses more executions than are declared, as a whole", async () => {
    const items = Array.from({ length: 51 }, (_, index) => itemOf(`lead-${index}`))
    expect(await refusalOf(() => driver.enroll(items))).toMatchObject({ code: "too-many-executions" })
    expect((await driver.counts("spring")).planned).toBe(0)
    expect(await driver.enroll(items.slice(0, 50))).toHaveLength(50)
  })

  it("closes the place once, also when closing cannot write any more", async () => {
    await driver.enroll([itemOf("ann")])
    await claimOne(driver)
    place.failure = { error: new Error("cable"), stored: false }
    await refusalOf(() => driver.close())
    expect(place.closed).toBe(1)
    await driver.close()
    expect(place.closed).toBe(1)
  })

  it("refuses records that cannot be, and closes the place", async () => {
    await driver.enroll([itemOf("ann")])
    await driver.close()
    const text = place.records.get("execution/spring-ann-0") ?? ""
    for (const [key, value] of [
      ["execution/spring-ann-0", text.replace('"version":1', '"version":"one"')],
      ["execution/spring-ann-0", text.replace('"owner":null', '"owner":"somebody"')],
      ["recipe/cake", "{}"],
      ["history/1", '{"seq":1}'],
    ] as const) {
      const before = new Map(place.records)
      place.records.set(key, value)
      const error = await refusalOf(open)
      expect(error).toMatchObject({ code: "corrupt" })
      expect(String(error)).toContain(key)
      place.records.clear()
      for (const [name, content] of before) place.records.set(name, content)
    }
    expect(place.closed).toBe(5)
    place.records.set("meta/format", '{"format":9}')
    expect(await refusalOf(open)).toMatchObject({ code: "newer-schema" })
  })
})

describe("a documentStorage that answers late", () => {
  it("writes together what is asked for while it writes, and shows nothing that is not stored", async () => {
    const place = new Place()
    const driver = await place.storage(true).open({ mode: "own", now: () => noon })
    place.batches.length = 0
    const seen: Array<string> = []
    await Promise.all([
      Promise.resolve(driver.enroll([itemOf("ann")])).then(() => seen.push("ann")),
      Promise.resolve(driver.counts("spring")).then((counts) => seen.push(`planned ${counts.planned}`)),
      Promise.resolve(driver.enroll([itemOf("bob")])).then(() => seen.push("bob")),
      Promise.resolve(driver.enroll([itemOf("cyd")])).then(() => seen.push("cyd")),
    ])
    expect(seen).toEqual(["ann", "planned 1", "bob", "cyd"])
    expect(place.batches.map((batch) => batch.filter(([key]) => key.startsWith("execution/")).length)).toEqual([1, 2])
  })

  it("fails all that was written together, and reads again what was asked amid it", async () => {
    const place = new Place()
    const driver = await place.storage(true).open({ mode: "own", now: () => noon })
    const first = driver.enroll([itemOf("ann")])
    const others = Promise.allSettled([
      driver.enroll([itemOf("bob")]),
      driver.counts("spring"),
      driver.enroll([itemOf("cyd")]),
    ])
    await first
    place.failure = { error: new Error("cable"), stored: true }
    const [bob, counts, cyd] = await others
    expect([bob?.status, cyd?.status]).toEqual(["rejected", "rejected"])
    expect(counts).toMatchObject({ status: "fulfilled", value: { planned: 1 } })
    expect(await driver.enroll([itemOf("cyd")])).toEqual(["created"])
    await driver.close()
    const again = await place.storage(true).open({ mode: "own", now: () => noon })
    expect((await again.list({ limit: 9 })).map((row) => row.leadId)).toEqual(["ann", "cyd"])
    expect(await again.verify()).toMatchObject({ problems: [] })
  })
})
