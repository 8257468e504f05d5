import type { ListQuery } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import { cancelSignal, claim, failedOf, inDoubtOf, intentOf, itemOf, noon, read, sentOf } from "./rows.ts"
import type { Behaviours, Subject } from "./subject.ts"

const names = ["ann", "bob", "cyd", "dan", "eve", "fay"]

/** ann sent, bob failed, cyd in doubt, dan rendering, eve scheduled, fay cancelled. */
const play = async ({ driver }: Subject): Promise<void> => {
  await driver.enroll([...names.map((name) => itemOf(name)), itemOf("ann", { campaignId: "autumn" })])
  const [ann, bob, cyd, dan] = await claim(driver, { limit: 4 })
  if (ann === undefined || bob === undefined || cyd === undefined || dan === undefined) throw new Error("no rows")
  await driver.commit([intentOf(ann), failedOf(bob), intentOf(cyd)], noon)
  await driver.commit([sentOf(await read(driver, ann.id)), inDoubtOf(await read(driver, cyd.id))], noon + 5)
  await driver.signal([cancelSignal(await read(driver, "spring-fay-0"))])
}

/** Lists, counts, history, the change log, checks. */
export const readBehaviours: Behaviours = (subject, { describe, it }) =>
  describe("reading", () => {
    const list = async (query: Partial<ListQuery>) =>
      (await subject.driver.list({ limit: 100, ...query })).map((row) => row.id.replace("spring-", ""))

    it("answers ids in order, and undefined for what is not there", async () => {
      await play(subject)
      const rows = await subject.driver.get(["spring-eve-0", "nobody", "spring-ann-0"])
      expect(rows.map((row) => row?.state)).toEqual(["scheduled", undefined, "done"])
    })

    it("lists by campaign, lead, column and reason", async () => {
      await play(subject)
      expect(await list({ campaignId: "spring" })).toEqual(["ann-0", "bob-0", "cyd-0", "dan-0", "eve-0", "fay-0"])
      expect(await list({ leadId: "ann" })).toEqual(["autumn-ann-0", "ann-0"])
      expect(await list({ leadId: "ann", campaignId: "spring" })).toEqual(["ann-0"])
      expect(await list({ buckets: ["rendering"] })).toEqual(["dan-0"])
      expect(await list({ buckets: ["scheduled"] })).toEqual(["autumn-ann-0", "eve-0"])
      expect(await list({ buckets: ["failed", "inDoubt", "cancelled"] })).toEqual(["bob-0", "cyd-0", "fay-0"])
      expect(await list({ buckets: ["sent", "rendering", "failed"] })).toEqual(["ann-0", "bob-0", "dan-0"])
      expect(await list({ reason: "failed-reason" })).toEqual(["bob-0"])
      expect(await list({ reason: "failed-reason", buckets: ["sent"] })).toEqual([])
      expect(await list({ buckets: [] })).toEqual([])
      expect(await list({ campaignId: "winter" })).toEqual([])
    })

    it("lists page by page, each row once", async () => {
      await play(subject)
      for (const buckets of [
        undefined,
        ["failed", "inDoubt", "cancelled"],
        ["scheduled", "rendering", "sent"],
      ] as const) {
        const query = buckets === undefined ? {} : { buckets }
        const all = await subject.driver.list({ ...query, limit: 100 })
        const paged: Array<string> = []
        for (let after: string | undefined; ; after = paged.at(-1)) {
          const rows = await subject.driver.list({ ...query, limit: 2, ...(after === undefined ? {} : { after }) })
          paged.push(...rows.map((row) => row.id))
          if (rows.length < 2) break
        }
        expect(paged).toEqual(all.map((row) => row.id))
        expect(all.length).toBeGreaterThan(2)
      }
    })

    it("gives the change log complete and in order, page by page", async () => {
      await play(subject)
      const whole = await subject.driver.changes(0, 1_000)
      const seqs = whole.entries.map((entry) => entry.seq)
      expect(seqs).toEqual([...new Set(seqs)].sort((left, right) => left - right))
      const paged = []
      for (let since = 0; ; ) {
        const page = await subject.driver.changes(since, 3)
        if (page.entries.length === 0) {
          expect(page.next).toBe(since)
          break
        }
        paged.push(...page.entries)
        since = page.next
      }
      expect(paged).toEqual(whole.entries)
      for (const name of names) {
        const id = `spring-${name}-0`
        expect(await subject.driver.history(id)).toEqual(whole.entries.filter((entry) => entry.executionId === id))
      }
      expect(await subject.driver.history("nobody")).toEqual([])
    })

    it("counts each execution in one column", async () => {
      await play(subject)
      expect(await subject.driver.counts("spring")).toEqual({
        planned: 6,
        scheduled: 1,
        rendering: 1,
        sending: 0,
        inDoubt: 1,
        retrying: 0,
        sent: 1,
        failed: 1,
        suppressed: 0,
        skipped: 0,
        cancelled: 1,
        inDoubtTotal: 1,
        resent: 0,
        unconfirmed: 0,
        enrollments: { active: 3, finished: 1, ended: 2 },
      })
    })

    it("finds nothing to object to in itself", async () => {
      await play(subject)
      expect(await subject.driver.verify()).toEqual({ executions: 7, problems: [] })
    })

    it("prunes what ended before: rows and histories go, counts stay, nobody is enrolled twice", async () => {
      const { driver } = subject
      await play(subject)
      const before = await driver.counts("spring")
      expect(await driver.prune(noon + 5)).toBe(2)
      expect(await driver.prune(noon + 5)).toBe(0)
      expect(await driver.get(["spring-bob-0", "spring-fay-0"])).toEqual([undefined, undefined])
      expect(await driver.history("spring-bob-0")).toEqual([])
      expect(await read(driver, "spring-ann-0")).toMatchObject({ state: "done" })
      expect(await driver.counts("spring")).toEqual(before)
      expect(await driver.enroll([itemOf("bob")])).toEqual(["duplicate"])
      expect(await driver.verify()).toMatchObject({ problems: [] })
      const last = (await driver.changes(0, 1_000)).next
      await driver.enroll([itemOf("gus")])
      expect((await driver.changes(last, 10)).entries.map((entry) => entry.executionId)).toEqual(["spring-gus-0"])
    })
  })
