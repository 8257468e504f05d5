import { isConserved } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import { executionOf, itemOf, noon, read } from "./rows.ts"
import type { Behaviours } from "./subject.ts"

/** How executions come into the store. */
export const enrollBehaviours: Behaviours = (subject, { describe, it }) =>
  describe("enrolling", () => {
    it("stores lead, enrollment and first execution together, and tells what was there already", async () => {
      const { driver } = subject
      expect(await driver.enroll([itemOf("ann"), itemOf("bob"), itemOf("ann")])).toEqual([
        "created",
        "created",
        "duplicate",
      ])
      expect(await driver.enroll([itemOf("bob"), itemOf("cyd")])).toEqual(["duplicate", "created"])
      expect(await driver.enrollments(["spring-ann", "spring-zoe"])).toEqual([itemOf("ann").enrollment, undefined])
      const counts = await driver.counts("spring")
      expect(counts).toMatchObject({ planned: 3, scheduled: 3, enrollments: { active: 3, finished: 0, ended: 0 } })
      expect(isConserved(counts)).toBe(true)
    })

    it("starts an execution as scheduled, held by nobody, with its history", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      expect(await read(driver, "spring-ann-0")).toEqual({
        ...executionOf("ann"),
        state: "scheduled",
        dueAt: noon,
        updatedAt: noon - 1_000,
        token: 0,
        version: 1,
        owner: null,
        leaseUntil: null,
        intent: null,
        flags: [],
        claims: 0,
      })
      expect(await driver.history("spring-ann-0")).toMatchObject([
        { executionId: "spring-ann-0", events: [{ type: "SCHEDULED", at: noon - 1_000, dueAt: noon }] },
      ])
    })

    it("does not change the data of a lead that is known", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const later = itemOf("ann", { campaignId: "autumn" })
      await driver.enroll([{ ...later, lead: { ...later.lead, email: "other@x.test" } }])
      const [lead] = await driver.documents("lead", ["ann"])
      expect(lead).toMatchObject({ version: 1, value: { id: "ann", email: "ann@x.test", data: { city: "Paris" } } })
    })

    it("stores nothing of an enrollment whose execution is there already", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const again = itemOf("ann")
      const enrollment = { ...again.enrollment, id: "spring-ann-again", entry: "2" }
      expect(await driver.enroll([{ ...again, enrollment }])).toEqual(["duplicate"])
      expect(await driver.enrollments(["spring-ann-again"])).toEqual([undefined])
      expect(await driver.verify()).toMatchObject({ executions: 1, problems: [] })
    })

    it("keeps the numbers of campaigns apart", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("ann", { campaignId: "autumn" })])
      expect((await driver.counts("spring")).planned).toBe(1)
      expect((await driver.counts("autumn")).planned).toBe(1)
      expect((await driver.counts("winter")).planned).toBe(0)
    })
  })
