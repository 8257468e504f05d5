import { expect } from "../expectation.ts"
import { itemOf, read } from "./rows.ts"
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

    it("can be deleted, and begin anew", async () => {
      const { driver } = subject
      const key = "ann@x.test"
      await driver.writeDocuments([{ kind: "suppression", key, value: {} }])
      expect(await driver.writeDocuments([{ kind: "suppression", key, value: null, expected: 9 }])).toEqual([
        { type: "conflict", version: 1 },
      ])
      expect(await driver.writeDocuments([{ kind: "suppression", key, value: null }])).toMatchObject([{ type: "ok" }])
      expect(await driver.documents("suppression", [key])).toEqual([undefined])
      expect(await driver.writeDocuments([{ kind: "suppression", key, value: {}, expected: 0 }])).toEqual([
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

    it("keep every character of keys and values", async () => {
      const { driver } = subject
      const key = 'schlüssel/😀 "quoted" \\ \n line'
      const value = { text: "ein\u2028Wert\u0000 mit 漢字", deep: [{ a: null, b: [1.5, true, ""] }] }
      await driver.writeDocuments([{ kind: "setting", key, value }])
      expect(await driver.documents("setting", [key])).toEqual([{ kind: "setting", key, version: 1, value }])
    })

    it("of a lead are gone after erasing it; its executions keep their ids", async () => {
      const { driver } = subject
      await driver.enroll([itemOf("ann")])
      expect(await driver.erase("ann")).toBe(true)
      expect(await driver.erase("ann")).toBe(false)
      expect(await driver.documents("lead", ["ann"])).toEqual([undefined])
      expect(await read(driver, "spring-ann-0")).toMatchObject({ leadId: "ann", state: "scheduled" })
    })
  })
