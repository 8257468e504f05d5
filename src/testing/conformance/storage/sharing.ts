// Turns of the event loop, no time.
import { setImmediate as turn } from "node:timers/promises"
import type { StorageDriver } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import { itUnless } from "../runner.ts"
import { cancelSignal, claimOne, commitOf, intentOf, itemOf, noon, read, sentOf, setCampaign } from "./rows.ts"
import type { Behaviours } from "./subject.ts"

const leaseEnd = noon + 30_000

const claimAs = (driver: StorageDriver, owner: string, limit: number, now = noon) =>
  driver.claimDue({ owner, limit, leaseMs: 30_000, now })

/** What two processes may do to one store at the same time. */
export const sharingBehaviours: Behaviours = (subject, runner, { capabilities }) => {
  if (capabilities.processes === "one")
    return itUnless(runner, "it declares processes: one", "what two processes do to one store", async () => undefined)
  const it = (name: string, body: (other: StorageDriver) => Promise<void>) =>
    runner.it(name, async () => {
      const other = await subject.store.open()
      try {
        await body(other)
      } finally {
        await other.close()
      }
    })
  return runner.describe("two processes", () => {
    it("never get the same row, however much they ask for at once", async (other) => {
      await subject.driver.enroll(Array.from({ length: 60 }, (_, index) => itemOf(`lead${index}`)))
      const asks = Array.from({ length: 12 }, (_, index) =>
        claimAs(index % 2 === 0 ? subject.driver : other, index % 2 === 0 ? "me" : "you", 7),
      )
      const rows = (await Promise.all(asks)).flat()
      const more = await claimAs(other, "you", 100)
      const ids = [...rows, ...more].map(({ id }) => id)
      expect(ids).toHaveLength(60)
      expect(new Set(ids).size).toBe(60)
      expect(await other.counts("spring")).toMatchObject({ planned: 60, rendering: 60, scheduled: 0 })
    })

    it("take over a row when its lease is over, and shut the old holder out of everything", async (other) => {
      await subject.driver.enroll([itemOf("ann")])
      const stale = await claimOne(subject.driver)
      expect(await claimAs(other, "you", 1)).toEqual([])
      const [taken] = await claimAs(other, "you", 1, leaseEnd)
      if (taken === undefined) throw new Error("the lease was not taken over")
      expect(taken).toMatchObject({ owner: "you", claims: 2 })
      expect(await subject.driver.commit([intentOf(stale), sentOf(stale)], leaseEnd)).toEqual([
        { type: "leaseLost" },
        { type: "leaseLost" },
      ])
      expect(await subject.driver.renew([stale], { until: leaseEnd + 1, now: leaseEnd })).toEqual([false])
      expect(await subject.driver.release([stale], leaseEnd)).toEqual([false])
      expect(await read(other, taken.id)).toEqual(taken)
      expect(await other.commit([intentOf(taken)], leaseEnd)).toMatchObject([{ type: "ok" }])
    })

    it("keep their leases when the other one closes", async (other) => {
      await subject.driver.enroll([itemOf("ann"), itemOf("bob")])
      const [mine] = await claimAs(subject.driver, "me", 1)
      const third = await subject.store.open()
      await claimAs(third, "them", 1)
      await third.close()
      expect(await other.counts("spring")).toMatchObject({ scheduled: 1, rendering: 1 })
      expect(await subject.driver.commit([intentOf(mine ?? (await read(other, "spring-ann-0")))], noon)).toMatchObject([
        { type: "ok" },
      ])
    })

    it("enroll the same leads at once: each is created by one of them", async (other) => {
      const items = Array.from({ length: 40 }, (_, index) => itemOf(`lead${index}`))
      const answers = await Promise.all([subject.driver.enroll(items), other.enroll([...items].reverse())])
      expect(answers.flat().filter((answer) => answer === "created")).toHaveLength(40)
      expect(await other.counts("spring")).toMatchObject({ planned: 40, enrollments: { active: 40 } })
      expect(await other.verify()).toMatchObject({ problems: [] })
    })

    it("write one row at the same time: one commit lands", async (other) => {
      await subject.driver.enroll([itemOf("ann")])
      const row = await claimOne(subject.driver)
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? subject.driver : other).commit([intentOf(row)], noon),
        ),
      )
      expect(results.flat().filter(({ type }) => type === "ok")).toHaveLength(1)
      expect(await other.history(row.id)).toHaveLength(2)
    })

    it("suppress and pause against each other's intents: an intent that follows the answer is refused", async (other) => {
      const names = Array.from({ length: 20 }, (_, index) => `lead${index}`)
      await subject.driver.enroll(names.map((name) => itemOf(name)))
      const rows = await claimAs(subject.driver, "me", 100)
      const refused = async (row: (typeof rows)[number]): Promise<void> => {
        await other.writeDocuments([{ kind: "suppression", key: `lead:${row.leadId}`, value: {} }])
        expect(await subject.driver.commit([intentOf(row)], noon)).toEqual([{ type: "refused", reason: "suppressed" }])
      }
      await Promise.all(rows.slice(0, 10).map(refused))
      await setCampaign(other, "paused")
      expect(
        await subject.driver.commit(
          rows.slice(10).map((row) => intentOf(row)),
          noon,
        ),
      ).toEqual(rows.slice(10).map(() => ({ type: "refused", reason: "paused" })))
    })

    it("signal each other's rows: a flag waits for the holder", async (other) => {
      await subject.driver.enroll([itemOf("ann")])
      const row = await claimOne(subject.driver)
      expect(await other.signal([cancelSignal(row)])).toEqual([{ type: "flagged" }])
      expect(await subject.driver.commit([intentOf(row)], noon)).toMatchObject([{ type: "flagged" }])
    })

    it("see one change log, complete however much is written while it is read", async (other) => {
      const items = Array.from({ length: 120 }, (_, index) => itemOf(`lead${index}`))
      const writes = Array.from({ length: 12 }, (_, batch) =>
        (batch % 2 === 0 ? subject.driver : other).enroll(items.slice(batch * 10, batch * 10 + 10)),
      )
      const seen = new Set<string>()
      let since = 0
      const follow = async (): Promise<void> => {
        const { entries, next } = await other.changes(since, 7)
        for (const { executionId } of entries) seen.add(executionId)
        since = next
      }
      let writing = true
      const done = Promise.all(writes).then(() => {
        writing = false
      })
      while (writing) {
        await follow()
        await turn()
      }
      await done
      for (let turn = 0; turn < 40; turn += 1) await follow()
      expect(seen.size).toBe(120)
    })

    it("count together what each of them did", async (other) => {
      await subject.driver.enroll([itemOf("ann"), itemOf("bob")])
      await other.enroll([itemOf("cyd")])
      const [mine] = await claimAs(subject.driver, "me", 1)
      const [theirs] = await claimAs(other, "you", 1)
      if (mine === undefined || theirs === undefined) throw new Error("no rows")
      await subject.driver.commit([sentOf(mine)], noon)
      await other.commit([commitOf(theirs, { state: "retrying", dueAt: noon + 5, intent: null })], noon)
      const counts = { planned: 3, sent: 1, retrying: 1, scheduled: 1, enrollments: { active: 2, finished: 1 } }
      expect(await subject.driver.counts("spring")).toMatchObject(counts)
      expect(await other.counts("spring")).toMatchObject(counts)
      expect(await other.verify()).toMatchObject({ problems: [] })
    })
  })
}
