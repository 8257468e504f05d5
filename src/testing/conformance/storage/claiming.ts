import { expect } from "../expectation.ts"
import {
  cancelSignal,
  claim,
  claimOne,
  commitOf,
  inDoubtOf,
  intentOf,
  itemOf,
  noon,
  read,
  sentOf,
  setCampaign,
} from "./rows.ts"
import type { Behaviours } from "./subject.ts"

const leaseEnd = noon + 30_000

/** Who gets what is due, for how long, and how a lease ends. */
export const claimBehaviours: Behaviours = (subject, { describe, it }) =>
  describe("claiming", () => {
    it("gives what is due, earliest first, never more than asked", async () => {
      const { driver } = subject
      await driver.enroll([
        itemOf("ann", { dueAt: noon - 1 }),
        itemOf("bob", { dueAt: noon - 3 }),
        itemOf("cyd", { dueAt: noon + 1 }),
        itemOf("dan", { dueAt: noon - 2 }),
        itemOf("eve", { dueAt: noon }),
      ])
      expect((await claim(driver, { limit: 2 })).map((row) => row.leadId)).toEqual(["bob", "dan"])
      expect((await claim(driver)).map((row) => row.leadId)).toEqual(["ann", "eve"])
      expect(await claim(driver)).toEqual([])
    })

    it("raises token and version, moves dueAt to the lease's end, and changes nothing else", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const before = await read(driver, "spring-ann-0")
      const row = await claimOne(driver)
      const { token, version, ...rest } = row
      expect(token).toBeGreaterThan(before.token)
      expect(version).toBeGreaterThan(before.version)
      expect({ ...rest, token: 0, version: 1 }).toEqual({
        ...before,
        owner: "me",
        leaseUntil: leaseEnd,
        dueAt: leaseEnd,
        claims: 1,
      })
      expect(await read(driver, row.id)).toEqual(row)
      expect(await driver.history(row.id)).toHaveLength(1)
    })

    it("gives a row to nobody else until its lease is over, and then with a higher fence", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const first = await claimOne(driver)
      expect(await claim(driver, { now: leaseEnd - 1 })).toEqual([])
      const second = await claimOne(driver, leaseEnd)
      expect(second.token).toBeGreaterThan(first.token)
      expect(second.version).toBeGreaterThan(first.version)
      expect(second.claims).toBe(2)
      expect(await driver.commit([intentOf(first)], leaseEnd)).toEqual([{ type: "leaseLost" }])
      expect(await driver.commit([intentOf(second)], leaseEnd)).toMatchObject([{ type: "ok" }])
    })

    it("shows a leased row without intent as rendering", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob"), itemOf("cyd")])
      const [row] = await claim(driver, { limit: 2 })
      expect(await driver.counts("spring")).toMatchObject({ planned: 3, scheduled: 1, rendering: 2 })
      if (row === undefined) throw new Error("nothing was claimed")
      await driver.release([row], noon)
      expect(await driver.counts("spring")).toMatchObject({ planned: 3, scheduled: 2, rendering: 1 })
    })

    it("claims only in the campaigns that are named", async () => {
      const { driver } = subject
      await setCampaign(driver, "running", "autumn")
      await driver.enroll([itemOf("ann"), itemOf("bob", { campaignId: "autumn" })])
      expect((await claim(driver, { campaigns: ["autumn", "autumn"] })).map((row) => row.leadId)).toEqual(["bob"])
      expect((await claim(driver)).map((row) => row.leadId)).toEqual(["ann"])
    })

    it("claims after a lease, too, only in the campaigns that are named", async () => {
      const { driver } = subject
      await setCampaign(driver, "running", "autumn")
      await driver.enroll([itemOf("ann"), itemOf("bob", { campaignId: "autumn" })])
      expect(await claim(driver)).toHaveLength(2)
      const again = await claim(driver, { campaigns: ["autumn"], now: leaseEnd })
      expect(again.map((row) => row.leadId)).toEqual(["bob"])
    })

    it("starts nothing in a campaign that does not run", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      for (const state of ["paused", "cancelled", "degraded", "draft"]) {
        await setCampaign(driver, state)
        expect(await claim(driver)).toEqual([])
        expect(await driver.nextDueAt()).toBeNull()
      }
      await setCampaign(driver, "running")
      expect(await claim(driver)).toHaveLength(1)
    })

    it("serves intents, flags and doubts in every status", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob"), itemOf("cyd"), itemOf("dan")])
      const [ann, bob, cyd, dan] = await claim(driver)
      if (ann === undefined || bob === undefined || cyd === undefined || dan === undefined) throw new Error("no rows")
      await driver.commit([intentOf(ann), intentOf(cyd)], noon)
      await driver.signal([cancelSignal(bob)])
      await driver.commit([inDoubtOf(await read(driver, cyd.id), { dueAt: noon + 10 })], noon)
      await setCampaign(driver, "paused")
      const later = noon + 100_000
      expect((await claim(driver, { now: later })).map((row) => row.leadId).sort()).toEqual(["ann", "bob", "cyd"])
    })

    it("does not claim a doubt that waits for a person, nor what has ended", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob")])
      const [ann, bob] = await claim(driver)
      if (ann === undefined || bob === undefined) throw new Error("no rows")
      await driver.commit([intentOf(ann), intentOf(bob)], noon)
      await driver.commit([inDoubtOf(await read(driver, ann.id)), sentOf(await read(driver, bob.id))], noon)
      expect(await claim(driver, { now: noon + 1e9 })).toEqual([])
      expect(await driver.nextDueAt()).toBeNull()
    })

    it("extends a lease, but not one that is lost, over or of an ended row", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob")])
      const [ann, bob] = await claim(driver)
      if (ann === undefined || bob === undefined) throw new Error("no rows")
      await driver.commit([sentOf(bob)], noon)
      expect(await driver.renew([ann, bob], { until: leaseEnd + 500, now: noon })).toEqual([true, false])
      expect(await read(driver, ann.id)).toMatchObject({ leaseUntil: leaseEnd + 500, version: ann.version })
      expect(await claim(driver, { now: leaseEnd + 499 })).toEqual([])
      expect(await driver.renew([ann], { until: leaseEnd + 900, now: leaseEnd + 500 })).toEqual([false])
      expect(await claim(driver, { now: leaseEnd + 500 })).toHaveLength(1)
      expect(await driver.renew([ann], { until: leaseEnd + 900, now: leaseEnd + 500 })).toEqual([false])
      expect((await read(driver, bob.id)).dueAt).toBeNull()
    })

    it("takes a lease back as if the claim had not been, but for the version", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann", { dueAt: noon - 7 })])
      const row = await claimOne(driver)
      expect(await driver.release([row], noon)).toEqual([true])
      const after = await read(driver, row.id)
      expect(after).toMatchObject({ dueAt: noon - 7, owner: null, leaseUntil: null, claims: 0, state: "scheduled" })
      expect(after.version).toBeGreaterThan(row.version)
      expect(await driver.release([row], noon)).toEqual([false])
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "leaseLost" }])
      const again = await claimOne(driver)
      expect(again.token).toBeGreaterThan(row.token)
      expect(await driver.commit([intentOf(row)], noon)).toEqual([{ type: "leaseLost" }])
    })

    it("says when the next row is due, ends of leases included", async () => {
      const { driver } = subject
      await setCampaign(driver, "running", "autumn")
      expect(await driver.nextDueAt()).toBeNull()
      await driver.enroll([
        itemOf("ann", { dueAt: noon + 50_000 }),
        itemOf("bob", { dueAt: noon - 5 }),
        itemOf("cyd", { dueAt: noon + 9, campaignId: "autumn" }),
      ])
      expect(await driver.nextDueAt()).toBe(noon - 5)
      expect(await driver.nextDueAt(["autumn"])).toBe(noon + 9)
      const row = await claimOne(driver)
      expect(await driver.nextDueAt()).toBe(noon + 9)
      expect(await driver.nextDueAt(["spring"])).toBe(leaseEnd)
      await driver.commit([sentOf(row)], noon)
      expect(await driver.nextDueAt(["spring"])).toBe(noon + 50_000)
    })

    it("finds a row that becomes due earlier than what was claimed already", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob")])
      const rows = await claim(driver)
      await driver.enroll([itemOf("cyd", { dueAt: noon - 500 })])
      expect((await claim(driver)).map((row) => row.leadId)).toEqual(["cyd"])
      const [ann] = rows
      if (ann === undefined) throw new Error("nothing was claimed")
      await driver.commit([commitOf(ann, { state: "retrying", dueAt: noon - 900, intent: null })], noon)
      expect(await claimOne(driver)).toMatchObject({ leadId: "ann", state: "retrying", scheduledFor: noon - 900 })
    })
  })
