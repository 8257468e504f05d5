import { InvalidInput, type StorageDriver, StorageError } from "sendstate/sdk"
import { type PostgresOptions, postgres } from "sendstate/storage/postgres"
import { sampleRows } from "sendstate/testing"
import { describe, expect, it, onTestFinished } from "vitest"
import { startProxy } from "./proxy.ts"
import { dropSchema, newSchema, noServer, onServer, serverUrl } from "./server.ts"

const { claimOne, intentOf, itemOf, noon, read, setCampaign } = sampleRows

const openStore = async (
  options: Partial<PostgresOptions> = {},
): Promise<{ schema: string; driver: StorageDriver }> => {
  const schema = options.schema ?? newSchema()
  const storage = postgres({ url: serverUrl, clock: "caller", ...options, schema })
  const driver = await storage.open({ mode: "own", now: () => 0 })
  onTestFinished(async () => {
    await driver.close()
    await dropSchema(schema)
  })
  await setCampaign(driver, "running")
  return { schema, driver }
}

const failure = async (call: () => unknown): Promise<StorageError> => {
  try {
    await call()
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError)
    return error as StorageError
  }
  throw new Error("it succeeded")
}

/** Calls until it works again, at most for a few seconds; every error on the way is a typed, retryable one. */
const untilItWorks = async <A>(call: () => A | Promise<A>): Promise<A> => {
  for (let tries = 0; tries < 50; tries += 1)
    try {
      return await call()
    } catch (error) {
      expect(error).toMatchObject({ _tag: "StorageError", retryable: true })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  return call()
}

describe.skipIf(noServer !== undefined)("the server's side", () => {
  it("connections that the server ends are made again", async () => {
    const { schema, driver } = await openStore()
    await driver.enroll([itemOf("ann")])
    // Those of this store only: other tests have theirs.
    await onServer(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%${schema}%'`,
    )
    expect(await untilItWorks(() => driver.counts("spring"))).toMatchObject({ planned: 1 })
    expect(await untilItWorks(() => driver.enroll([itemOf("bob")]))).toEqual(["created"])
  })

  it("a network that breaks is waited for, and a write whose answer is lost says that it may have happened", async () => {
    const proxy = await startProxy()
    const { driver } = await openStore({ url: proxy.url })
    await driver.enroll([itemOf("ann"), itemOf("bob")])
    const row = (await driver.claimDue({ owner: "me", limit: 1, leaseMs: 30_000, now: noon }))[0]
    if (row === undefined) throw new Error("nothing was claimed")
    proxy.cutAfter("COMMIT")
    const error = await failure(() => driver.commit([intentOf(row)], noon))
    expect(error).toMatchObject({ code: "unavailable", retryable: true, indeterminate: true })
    // It did happen: the row says so.
    expect(await untilItWorks(() => read(driver, row.id))).toMatchObject({ state: "sending.attempting" })
    proxy.cut()
    expect(await untilItWorks(() => driver.counts("spring"))).toMatchObject({ planned: 2, sending: 1 })
  })

  it("a server that is not there is a retryable error, not a hang", async () => {
    const storage = postgres({ url: "postgres://root@127.0.0.1:1/test", connectTimeoutMs: 500 })
    expect(await failure(() => storage.open({ mode: "own", now: () => 0 }))).toMatchObject({
      code: "unavailable",
      retryable: true,
      indeterminate: false,
    })
  })

  it("a store of a newer program is refused", async () => {
    const { schema, driver } = await openStore()
    await driver.close()
    await onServer(`UPDATE "${schema}".store SET version = 99`)
    const storage = postgres({ url: serverUrl, schema })
    expect(await failure(() => storage.open({ mode: "own", now: () => 0 }))).toMatchObject({ code: "newer-schema" })
  })

  it("there is nothing to observe where no store is", async () => {
    const storage = postgres({ url: serverUrl, schema: newSchema() })
    await expect(storage.open({ mode: "observe", now: () => 0 })).rejects.toMatchObject({ _tag: "NotFound" })
  })

  it("opened by many at once for the first time, it is made once", async () => {
    const schema = newSchema()
    onTestFinished(() => dropSchema(schema))
    const drivers = await Promise.all(
      Array.from({ length: 5 }, async () => postgres({ url: serverUrl, schema }).open({ mode: "own", now: () => 0 })),
    )
    await drivers[0]?.enroll([itemOf("ann")])
    expect(await drivers[4]?.counts("spring")).toMatchObject({ planned: 1 })
    for (const driver of drivers) await driver.close()
  })

  it("a row that was changed behind our back is a corruption error, and verify names it", async () => {
    const { schema, driver } = await openStore()
    await driver.enroll([itemOf("ann"), itemOf("bob")])
    await onServer(
      `UPDATE "${schema}".execution SET body = replace(body, '"attempt":0', '"attempt":2') WHERE lead = 'ann'`,
    )
    expect(await failure(() => driver.get(["spring-ann-0"]))).toMatchObject({ code: "corrupt", retryable: false })
    expect((await driver.verify()).problems.map(({ key }) => key)).toContain("execution/spring-ann-0")
  })

  it("counters that were changed behind our back are found", async () => {
    const { schema, driver } = await openStore()
    await driver.enroll([itemOf("ann")])
    await onServer(`UPDATE "${schema}".totals SET numbers[1] = 7`)
    expect((await driver.verify()).problems).toMatchObject([{ key: "counts/spring" }])
  })

  it("the server's clock decides what is due and how long a lease lasts, whatever the caller's says", async () => {
    const { driver } = await openStore({ clock: "server" })
    const soon = 60_000
    const now = Date.now()
    await driver.enroll([itemOf("ann", { dueAt: now - 1 }), itemOf("bob", { dueAt: now + soon })])
    const row = await claimOne(driver, now + 10 * soon)
    expect(row.leadId).toBe("ann")
    expect(row.leaseUntil ?? 0).toBeLessThan(now + soon)
    expect(row.leaseUntil ?? 0).toBeGreaterThan(now)
  })

  it("an intent and a suppression that come at the same time: what was acknowledged first decides", async () => {
    const { schema, driver } = await openStore({ maxConnections: 8 })
    const other = await postgres({ url: serverUrl, schema, clock: "caller" }).open({ mode: "own", now: () => 0 })
    onTestFinished(async () => other.close())
    const names = Array.from({ length: 120 }, (_, index) => `lead${index}`)
    await driver.enroll(names.map((name) => itemOf(name)))
    const rows = await driver.claimDue({ owner: "me", limit: 200, leaseMs: 60_000, now: noon })
    const tally = new Map<string, number>()
    for (const [index, row] of rows.entries()) {
      let acknowledged = false
      const suppress = async (): Promise<void> => {
        await other.writeDocuments([{ kind: "suppression", key: `lead:${row.leadId}`, value: {} }])
        acknowledged = true
      }
      const commit = async (): Promise<string> => {
        const wasAcknowledged = acknowledged
        const [result] = await driver.commit([intentOf(row)], noon)
        if (wasAcknowledged) expect(result?.type).toBe("refused")
        return result?.type ?? "none"
      }
      // Either goes first, by a few turns of the event loop more each time: they meet at every point of each other.
      const isCommitFirst = index % 2 === 0
      const first = isCommitFirst ? commit() : suppress()
      for (let turn = 0; turn < index % 24; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      const second = isCommitFirst ? suppress() : commit()
      for (const type of await Promise.all([first, second]))
        if (type !== undefined) tally.set(type, (tally.get(type) ?? 0) + 1)
    }
    // Both happened, or nothing was tried here.
    expect(tally.get("ok") ?? 0).toBeGreaterThan(0)
    expect(tally.get("refused") ?? 0).toBeGreaterThan(0)
  })
})

it("options that make no sense are refused", () => {
  for (const options of ["mysql://x", { url: serverUrl, schema: 'x"; DROP' }, { url: serverUrl, maxConnections: 0 }])
    expect(() => postgres(options)).toThrow(InvalidInput)
})
