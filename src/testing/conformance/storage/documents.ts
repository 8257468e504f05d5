import { expect } from "../expectation.ts"
import { itemOf, noon, read } from "./rows.ts"
import type { Behaviours } from "./subject.ts"

/** Keyed values beside the executions. */
export const documentBehaviours: Behaviours = (subject, { describe, it }) =>
  describe("documents", () => {
    it("have versions that each write raises, and that a write can demand", async () => {
      const { driver } = subject
      const write = (expected: number | undefined, n: number) =>
        driver.writeDocuments([
          { kind: "setting", key: "speed", value: { n }, ...(expected === undefined ? {} : { expected }) },
        ])
      expect(await write(1, 1)).toEqual([{ type: "conflict", version: 0 }])
      expect(await write(0, 1)).toEqual([{ type: "ok", version: 1 }])
      expect(await write(0, 2)).toEqual([{ type: "conflict", version: 1 }])
      expect(await write(1, 3)).toEqual([{ type: "ok", version: 2 }])
      expect(await write(undefined, 4)).toEqual([{ type: "ok", version: 3 }])
      expect(await driver.documents("setting", ["speed", "none"])).toEqual([
        { kind: "setting", key: "speed", version: 3, value: { n: 4 } },
        undefined,
      ])
    })

    it("can be deleted, for good, and begin anew", async () => {
      const { driver } = subject
      const key = "ann@x.test"
      await driver.writeDocuments([{ kind: "suppression", key, value: {} }])
      expect(await driver.writeDocuments([{ kind: "suppression", key, value: null, expected: 9 }])).toEqual([
        { type: "conflict", version: 1 },
      ])
      expect(await driver.writeDocuments([{ kind: "suppression", key, value: null }])).toMatchObject([{ type: "ok" }])
      expect(await driver.documents("suppression", [key])).toEqual([undefined])
      await driver.close()
      subject.driver = await subject.store.open()
      expect(await subject.driver.documents("suppression", [key])).toEqual([undefined])
      expect(await subject.driver.writeDocuments([{ kind: "suppression", key, value: {}, expected: 0 }])).toEqual([
        { type: "ok", version: 1 },
      ])
    })

    it("are listed by key, page by page, each kind by itself", async () => {
      const { driver } = subject
      const keys = ["b", "a", "d", "c"]
      await driver.writeDocuments(keys.map((key) => ({ kind: "control" as const, key, value: { key } })))
      await driver.writeDocuments([{ kind: "setting", key: "z", value: {} }])
      const page = async (after?: string) =>
        (await driver.listDocuments("control", { limit: 3, ...(after === undefined ? {} : { after }) })).map(
          (document) => document.key,
        )
      expect(await page()).toEqual(["a", "b", "c"])
      expect(await page("c")).toEqual(["d"])
    })

    it("keep every character of keys and values, also when the store is opened again", async () => {
      const key = 'schlüssel/😀 "quoted" \\ \n line'
      const value = { text: "ein\u2028Wert\u0000 mit 漢字", deep: [{ a: null, b: [1.5, true, ""] }] }
      await subject.driver.writeDocuments([{ kind: "setting", key, value }])
      const expected = [{ kind: "setting", key, version: 1, value }]
      expect(await subject.driver.documents("setting", [key])).toEqual(expected)
      await subject.driver.close()
      subject.driver = await subject.store.open()
      expect(await subject.driver.documents("setting", [key])).toEqual(expected)
      expect(await subject.driver.listDocuments("setting", { limit: 10 })).toEqual(expected)
    })

    it("of a lead are gone after erasing it; its executions and enrollments stay, under the pseudonym", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann"), itemOf("bob")])
      const before = await driver.counts("spring")
      const row = await read(driver, "spring-ann-0")
      expect(await driver.erase("ann", "nobody-1")).toBe(true)
      expect(await driver.erase("ann", "nobody-2")).toBe(false)
      expect(await driver.documents("lead", ["ann"])).toEqual([undefined])
      expect((await driver.documents("lead", ["bob"]))[0]?.key).toBe("bob")
      expect(await read(driver, "spring-ann-0")).toEqual({ ...row, leadId: "nobody-1" })
      const [enrollment] = await driver.enrollments([row.enrollmentId])
      expect(enrollment?.leadId).toBe("nobody-1")
      expect(await driver.list({ leadId: "ann", limit: 10 })).toEqual([])
      expect((await driver.list({ leadId: "nobody-1", limit: 10 })).map(({ id }) => id)).toEqual(["spring-ann-0"])
      expect(await driver.counts("spring")).toEqual(before)
      expect(await driver.verify()).toMatchObject({ problems: [] })
    })

    it("of a lead are gone although one of its executions is held, and its holder goes on", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      const [held] = await driver.claimDue({ owner: "one", limit: 1, leaseMs: 60_000, now: noon })
      expect(held?.leadId).toBe("ann")
      expect(await driver.erase("ann", "nobody-1")).toBe(true)
      expect((await read(driver, "spring-ann-0")).leadId).toBe("nobody-1")
      expect(await driver.release(held === undefined ? [] : [held], noon)).toEqual([true])
      expect((await read(driver, "spring-ann-0")).leadId).toBe("nobody-1")
    })
  })
