import { expect } from "../expectation.ts"
import { cancelSignal, claimOne, commitOf, failedOf, inDoubtOf, intentOf, itemOf, noon, read, sentOf } from "./rows.ts"
import type { Behaviours } from "./subject.ts"

/** Wishes about executions, held by somebody or not. */
export const signalBehaviours: Behaviours = (subject, { describe, it }) =>
  describe("signalling", () => {
    it("is applied at once to a row that nobody holds, and raises its fence", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const before = await read(driver, "spring-ann-0")
      expect(await driver.signal([cancelSignal(before)])).toEqual([{ type: "applied" }])
      const after = await read(driver, before.id)
      expect(after).toMatchObject({ state: "cancelled", dueAt: null, flags: [] })
      expect(after.token).toBeGreaterThan(before.token)
      expect(after.version).toBeGreaterThan(before.version)
      expect((await driver.history(before.id)).at(-1)?.events).toEqual([cancelSignal(before).flag])
      expect(await driver.counts("spring")).toMatchObject({ cancelled: 1, enrollments: { ended: 1 } })
    })

    it("waits on a row that somebody holds, without raising its version", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      expect(await driver.signal([cancelSignal(row), cancelSignal(row)])).toEqual([
        { type: "flagged" },
        { type: "flagged" },
      ])
      // Two cancels are one.
      expect(await read(driver, row.id)).toEqual({ ...row, flags: [cancelSignal(row).flag] })
      expect(await driver.history(row.id)).toHaveLength(1)
    })

    it("makes the row due at once when the lease is given back, also before its time", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann", { dueAt: noon + 50 })])
      const row = await claimOne(driver, noon + 50)
      // Another clock is a little behind.
      await driver.signal([cancelSignal(row, noon + 10)])
      await driver.release([row], noon + 60)
      expect(await read(driver, row.id)).toMatchObject({ owner: null, dueAt: noon + 10 })
    })

    it("is applied to a row whose lease is over, and shuts its holder out", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      expect(await driver.signal([cancelSignal(row, noon + 30_000)])).toEqual([{ type: "applied" }])
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "leaseLost" }])
      expect(await driver.renew([row], { until: noon + 90_000, now: noon })).toEqual([false])
      expect((await read(driver, row.id)).state).toBe("cancelled")
    })

    it("lets flags that wait go first, also when the lease is over", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      const move = {
        flag: { type: "RESCHEDULE", at: noon, dueAt: noon + 7 },
        commit: commitOf(row, { dueAt: noon + 7 }),
        now: noon + 40_000,
      } as const
      await driver.signal([cancelSignal(row)])
      expect(await driver.signal([move])).toEqual([{ type: "flagged" }])
      const claimed = await claimOne(driver, noon + 40_000)
      expect(claimed.flags.map((flag) => flag.type)).toEqual(["CANCEL", "RESCHEDULE"])
    })

    it("refuses to act on a row that is not any more as it was read", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const before = await read(driver, "spring-ann-0")
      await driver.release([await claimOne(driver)], noon)
      expect(await driver.signal([cancelSignal(before), cancelSignal({ ...before, id: "nobody" })])).toEqual([
        { type: "stale" },
        { type: "missing" },
      ])
      expect((await read(driver, before.id)).state).toBe("scheduled")
    })

    it("resolves a doubt that nobody holds, and plans what follows", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      await driver.commit([intentOf(await claimOne(driver))], noon)
      await driver.commit([inDoubtOf(await read(driver, "spring-ann-0"))], noon)
      const doubt = await read(driver, "spring-ann-0")
      const flag = { type: "RESOLVE", attempt: 1, verdict: "sent", by: "user", at: noon, jitterUnit: 0 } as const
      const commit = sentOf(doubt, {
        receipt: false,
        events: [flag],
        context: { ...doubt.context, outcome: "sent", delivery: "unconfirmed" },
      })
      expect(await driver.signal([{ flag, commit, now: noon }])).toEqual([{ type: "applied" }])
      expect(await driver.counts("spring")).toMatchObject({ sent: 1, unconfirmed: 1, inDoubt: 0, inDoubtTotal: 1 })
    })

    it("brings an ended row back: a redrive makes it due, and its enrollment active", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      await driver.commit([failedOf(await claimOne(driver))], noon)
      const failed = await read(driver, "spring-ann-0")
      const flag = { type: "REDRIVE", duplicate: false, at: noon } as const
      const commit = commitOf(failed, {
        state: "retrying",
        context: { ...failed.context, outcome: null, reason: null, dueAt: noon + 1 },
        dueAt: noon + 1,
        events: [flag],
        enrollment: "active",
      })
      expect(await driver.signal([{ flag, commit, now: noon }])).toEqual([{ type: "applied" }])
      expect(await driver.counts("spring")).toMatchObject({
        failed: 0,
        retrying: 1,
        planned: 1,
        enrollments: { active: 1, ended: 0 },
      })
      expect(await claimOne(driver, noon + 1)).toMatchObject({ state: "retrying", claims: 1 })
    })
  })
