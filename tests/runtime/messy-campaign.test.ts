import { join } from "node:path"
import { replayExecution } from "sendstate/machines"
import { bucketOf, buckets, type ExecutionRow, type SendOutcome, type Storage, type StorageDriver } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { faultyStorage, storageError } from "sendstate/testing"
import { expect, test } from "vitest"
import { accepted, busy, crowd, down, gone, lost, openCampaign, temporaryFolder, transportOf } from "./world.ts"

/** Everything that can go wrong, decided by the lead's number and the attempt: the same in every run. */
const outcomeOf = (number: number, attempt: number, subject: string): SendOutcome | "throw" => {
  if (subject.startsWith("Nudge")) return number % 5 === 0 && attempt === 1 ? busy : accepted
  switch (number % 12) {
    case 1:
      return attempt < 3 ? busy : accepted
    case 2:
      return gone
    case 3:
      return attempt === 1 ? lost : accepted
    case 4:
      return lost
    case 5:
      return attempt === 1 ? "throw" : accepted
    case 6:
      return attempt === 1 ? lost : gone
    case 7:
      return attempt === 1 && number < 40 ? down : accepted
    case 8:
      return busy
    default:
      return accepted
  }
}

const sync = <A>(value: A | Promise<A>): A => value as A

/** Rows and counts of one instant: the storages of this test answer without a Promise. */
const sampleOf = (driver: StorageDriver) => {
  const rows: ExecutionRow[] = []
  let page: ReadonlyArray<ExecutionRow>
  do {
    const after = rows.at(-1)?.id
    page = sync(driver.list({ campaignId: "spring", limit: 1_000, ...(after === undefined ? {} : { after }) }))
    rows.push(...page)
  } while (page.length === 1_000)
  return { rows, counts: sync(driver.counts("spring")) }
}

const storages: ReadonlyArray<readonly [string, () => Storage]> = [
  ["memory", memoryStorage],
  ["sqlite", () => sqlite(join(temporaryFolder(), "store.db"))],
]

test.each(storages)(
  "on %s a messy campaign adds up in every sample, and every history replays to what is stored",
  async (_, make) => {
    const storage = faultyStorage(make())
    const size = 240
    const copies = new Map<string, number>()
    const world = await openCampaign(
      {
        steps: [{ template: "hello" }, { template: "nudge", after: "1 minute" }],
        onUnknown: "resend",
        retry: { attempts: 4, base: "10 s" },
      },
      {
        speed: 2_000,
        storage,
        transport: transportOf(
          async ({ to, subject }, { attempt, handoff }) => {
            await new Promise(setImmediate)
            const number = Number(/\d+/.exec(to.address)?.[0])
            const outcome = outcomeOf(number, attempt, subject)
            if (outcome === "throw") throw new Error(`broke for ${to.address}`)
            handoff()
            if (outcome.type !== "rejected") copies.set(subject, (copies.get(subject) ?? 0) + 1)
            return outcome
          },
          { maxConcurrency: 16 },
        ),
      },
    )
    const { spring, runtime, events } = world

    let commits = 0
    storage.fault = (method) => {
      if (method !== "commit") return undefined
      commits += 1
      if (commits % 41 === 0) return { before: storageError("unavailable") }
      return commits % 29 === 0 ? { after: storageError("unavailable", true) } : undefined
    }

    let samples = 0
    let planned = 0
    const isOver = (): boolean => spring.status().state !== "running"
    const sampling = (async () => {
      while (!isOver()) {
        const { rows, counts } = sampleOf(storage.driver())
        const sum = buckets.reduce((total, bucket) => total + counts[bucket], 0)
        expect([counts.planned, sum]).toEqual([rows.length, rows.length])
        for (const bucket of buckets)
          expect([bucket, counts[bucket]]).toEqual([bucket, rows.filter((row) => bucketOf(row) === bucket).length])
        expect(counts.planned).toBeGreaterThanOrEqual(planned)
        expect(rows.filter(({ intent }) => intent !== null).length).toBeLessThanOrEqual(16)
        planned = counts.planned
        samples += 1
        await new Promise(setImmediate)
      }
    })()

    await spring.enroll(crowd(size))
    const cancelled = (await world.executions()).slice(0, 15).map(({ id }) => runtime.executions.cancel(id))
    for (const number of [9, 21, 33]) await runtime.suppress(`lead${number}@example.test`)
    await spring.close()
    const answers = await Promise.all(cancelled)
    // What nothing but a person can settle blocks completion: settle it, until everything has ended.
    while (!isOver()) {
      await spring.settled()
      for await (const { id } of runtime.executions.list({ states: ["inDoubt"] }))
        await runtime.executions.resolve(id, "sent")
      await new Promise(setImmediate)
    }
    await sampling
    storage.fault = () => undefined

    const counts = await spring.completed()
    const rows = await world.executions()
    expect(samples).toBeGreaterThan(20)
    expect(counts.enrollments).toMatchObject({ active: 0 })
    expect(counts.enrollments.finished + counts.enrollments.ended).toBe(size)
    for (const bucket of ["sent", "failed", "cancelled"] as const)
      expect([bucket, counts[bucket] > 0]).toEqual([bucket, true])
    expect(counts.inDoubtTotal).toBeGreaterThan(0)
    expect(answers.filter((answer) => answer === "requested")).toEqual([])

    for (const row of rows) {
      const { history } = await runtime.explain(row.id)
      const { retry, timeScale } = row.context
      const replayed = replayExecution(
        { id: row.id, retry, timeScale },
        history.map(({ event }) => event),
      )
      expect([replayed.state, replayed.context]).toEqual([row.state, row.context])
    }

    // Every copy beyond the first was in doubt before, and is counted.
    const subjects = [...copies.values()]
    const duplicates = subjects.reduce((sum, count) => sum + count - 1, 0)
    expect(duplicates).toBeLessThanOrEqual(counts.resent)
    for (const row of rows)
      if (row.state === "cancelled" && row.context.delivery === null) {
        const subject = `${row.step === 0 ? "Hello" : "Nudge"} ${row.leadId}`
        expect([row.leadId, copies.get(subject)]).toEqual([row.leadId, undefined])
      }
    // Listeners heard of each end exactly once.
    const ends = events.filter(
      (event) => event.type === "execution" && (event.state === "done" || event.state === "cancelled"),
    )
    expect(ends).toHaveLength(rows.length)
    expect(sync(storage.driver().verify()).problems).toEqual([])
  },
)
