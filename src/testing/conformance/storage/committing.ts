import { isConserved } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import {
  cancelFlag,
  cancelledOf,
  cancelSignal,
  claim,
  claimOne,
  commitOf,
  executionOf,
  failedOf,
  inDoubtOf,
  intentOf,
  itemOf,
  noon,
  read,
  sentOf,
  setCampaign,
} from "./rows.ts"
import type { Behaviours } from "./subject.ts"

/** What a leaseholder may write, and when it is refused. */
export const commitBehaviours: Behaviours = (subject, { describe, it }) =>
  describe("committing", () => {
    it("writes state, context, intent and history in one step, and goes on with the lease", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      const commit = intentOf(row)
      const [result] = await driver.commit([commit], noon + 1)
      if (result?.type !== "ok") throw new Error("the intent was refused")
      expect(result.version).toBeGreaterThan(row.version)
      expect(await read(driver, row.id)).toEqual({
        ...row,
        state: "sending.attempting",
        context: commit.context,
        intent: { attempt: 1, at: noon },
        dueAt: noon + 60_000,
        leaseUntil: noon + 60_000,
        updatedAt: noon + 1,
        version: result.version,
        claims: 0,
      })
      expect((await driver.history(row.id)).flatMap((entry) => entry.events.map((event) => event.type))).toEqual([
        "SCHEDULED",
        "DUE",
        "RENDERED",
      ])
      expect(await driver.counts("spring")).toMatchObject({ planned: 1, sending: 1, rendering: 0, scheduled: 0 })
    })

    it("ends the lease with the receipt; what has ended is never due and refuses all further commits", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      await driver.commit([intentOf(row)], noon)
      const sending = await read(driver, row.id)
      // An ended row is never due, whatever the commit says.
      await driver.commit([sentOf(sending, { dueAt: noon + 5, leaseUntil: noon + 9 })], noon)
      const done = await read(driver, row.id)
      expect(done).toMatchObject({ state: "done", dueAt: null, owner: null, leaseUntil: null, intent: null })
      expect(await driver.commit([sentOf(sending), sentOf(done), failedOf(done)], noon)).toEqual([
        { type: "leaseLost" },
        { type: "leaseLost" },
        { type: "leaseLost" },
      ])
      expect(await driver.counts("spring")).toMatchObject({ sent: 1, enrollments: { active: 0, finished: 1 } })
    })

    it("compares token and version, so that an old request that is still under way cannot land", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const unheld = await read(driver, "spring-ann-0")
      expect(await driver.commit([intentOf(unheld)], noon)).toEqual([{ type: "leaseLost" }])
      const row = await claimOne(driver)
      expect(
        await driver.commit(
          [
            intentOf({ ...row, version: row.version - 1 }),
            intentOf({ ...row, version: row.version + 1 }),
            intentOf({ ...row, token: row.token - 1 }),
            intentOf({ ...row, id: "nobody" }),
          ],
          noon,
        ),
      ).toEqual([{ type: "leaseLost" }, { type: "leaseLost" }, { type: "leaseLost" }, { type: "missing" }])
      expect(await read(driver, row.id)).toEqual(row)
      await driver.commit([intentOf(row)], noon)
      // The same request a second time: its version is not the row's any more.
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "leaseLost" }])
      expect(await driver.history(row.id)).toHaveLength(2)
    })

    it("takes a receipt that comes after the end of the lease, as long as nobody else has claimed", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      await driver.commit([intentOf(await claimOne(driver))], noon)
      const sending = await read(driver, "spring-ann-0")
      expect(await driver.commit([sentOf(sending)], noon + 999_999)).toMatchObject([{ type: "ok" }])
    })

    it("refuses an intent in the same step when the campaign does not run or a key is suppressed", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      await setCampaign(driver, "paused")
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "refused", reason: "paused" }])
      await setCampaign(driver, "cancelled")
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "refused", reason: "cancelled" }])
      await setCampaign(driver, "running")
      await driver.writeDocuments([{ kind: "suppression", key: "lead:ann", value: { reason: "unsubscribed" } }])
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "refused", reason: "suppressed" }])
      expect(await read(driver, row.id)).toEqual(row)
      expect(await driver.history(row.id)).toHaveLength(1)
      await driver.writeDocuments([{ kind: "suppression", key: "lead:ann", value: null }])
      expect(await driver.commit([intentOf(row)], noon)).toMatchObject([{ type: "ok" }])
    })

    it("refuses every commit but a receipt while a flag waits that it does not apply", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      expect(await driver.signal([cancelSignal(row)])).toEqual([{ type: "flagged" }])
      expect(await driver.commit([intentOf(row), failedOf(row)], noon)).toEqual([
        { type: "flagged", flags: [cancelFlag] },
        { type: "flagged", flags: [cancelFlag] },
      ])
      // The flag did not raise the version: the owner's fence still fits.
      expect(await driver.commit([cancelledOf(row, { appliedFlags: 1 })], noon)).toMatchObject([{ type: "ok" }])
      expect(await read(driver, row.id)).toMatchObject({ state: "cancelled", flags: [], dueAt: null })
      expect(await driver.counts("spring")).toMatchObject({ cancelled: 1, enrollments: { ended: 1 } })
    })

    it("never refuses a receipt for a flag; flags that are left are due at once, also while paused", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob")])
      const [ann, bob] = await claim(driver)
      if (ann === undefined || bob === undefined) throw new Error("no rows")
      await driver.commit([intentOf(ann), intentOf(bob)], noon)
      const [sending, other] = [await read(driver, ann.id), await read(driver, bob.id)]
      await driver.signal([cancelSignal(sending), cancelSignal(other)])
      const retry = commitOf(sending, { state: "retrying", dueAt: noon + 5_000, intent: null, receipt: true })
      expect(await driver.commit([retry, sentOf(other)], noon + 1)).toMatchObject([{ type: "ok" }, { type: "ok" }])
      await setCampaign(driver, "paused")
      expect(await driver.nextDueAt()).toBe(noon + 1)
      const claimed = await claimOne(driver, noon + 1)
      expect(claimed).toMatchObject({ state: "retrying", flags: [cancelFlag], scheduledFor: noon + 5_000 })
      expect(await read(driver, bob.id)).toMatchObject({ state: "done", flags: [] })
    })

    it("decides each element of a batch by itself", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob"), itemOf("cyd")])
      const [ann, bob, cyd] = await claim(driver)
      if (ann === undefined || bob === undefined || cyd === undefined) throw new Error("no rows")
      await driver.writeDocuments([{ kind: "suppression", key: "lead:bob", value: {} }])
      const results = await driver.commit([intentOf(ann), intentOf(bob), intentOf(cyd, { token: 99 })], noon)
      expect(results.map((result) => result.type)).toEqual(["ok", "refused", "leaseLost"])
      expect(await driver.counts("spring")).toMatchObject({ sending: 1, rendering: 2 })
    })

    it("inserts the next step in the step that ends this one, or not at all", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const row = await claimOne(driver)
      const plan = executionOf("ann", { step: 1, dueAt: noon + 10 })
      const { enrollment: _, ...sent } = sentOf(row, { plan })
      await driver.commit([{ ...sent, version: 77 }], noon)
      expect(await driver.get([plan.id])).toEqual([undefined])
      await driver.commit([sent], noon)
      expect(await read(driver, plan.id)).toMatchObject({ state: "scheduled", step: 1, dueAt: noon + 10 })
      expect(await driver.history(plan.id)).toHaveLength(1)
      const counts = await driver.counts("spring")
      expect(counts).toMatchObject({ planned: 2, sent: 1, scheduled: 1, enrollments: { active: 1, finished: 0 } })
      expect(isConserved(counts)).toBe(true)
      expect(await claimOne(driver, noon + 10)).toMatchObject({ id: plan.id })
    })

    it("lets a send be claimed after its lease, with its intent, and tallies the doubt", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      await driver.commit([intentOf(await claimOne(driver))], noon)
      expect(await claim(driver, { now: noon + 59_999 })).toEqual([])
      const late = await claimOne(driver, noon + 60_000)
      expect(late).toMatchObject({ state: "sending.attempting", intent: { attempt: 1, at: noon }, claims: 1 })
      await driver.commit([inDoubtOf(late)], noon + 60_000)
      expect(await driver.counts("spring")).toMatchObject({ inDoubt: 1, inDoubtTotal: 1, sending: 0, planned: 1 })
    })

    it("gives a send that was given back to the next claimer at once", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      await driver.commit([intentOf(await claimOne(driver))], noon)
      expect(await driver.release([await read(driver, "spring-ann-0")], noon)).toEqual([true])
      expect((await claimOne(driver)).intent).toEqual({ attempt: 1, at: noon })
    })
  })
