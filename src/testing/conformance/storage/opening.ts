import { StorageError } from "sendstate/sdk"
import { errorOf, expect } from "../expectation.ts"
import { itUnless } from "../runner.ts"
import { cancelSignal, claim, claimOne, failedOf, intentOf, itemOf, noon, read, sentOf } from "./rows.ts"
import type { Behaviours } from "./subject.ts"

/** What a close, a crash and a second process leave. */
export const lifeBehaviours: Behaviours = (subject, runner, traits) => {
  const { describe, it } = runner
  return describe("opening and closing", () => {
    const reopen = async () => {
      await subject.driver.close()
      subject.driver = await subject.store.open()
    }

    it("finds everything again that was acknowledged", async () => {
      const cyd = itemOf("cyd")
      const abroad = { ...cyd.lead, name: "Zoë Ångström 漢字", data: { city: "Zürich 😀", größe: "ß" } }
      await subject.driver.enroll([itemOf("ann"), itemOf("bob"), { ...cyd, lead: abroad }])
      const [ann, bob] = await claim(subject.driver, { limit: 2 })
      if (ann === undefined || bob === undefined) throw new Error("no rows")
      const reason = { code: "failed-reason", text: "Empfänger unbekannt: 漢字 😀" }
      const failed = { ...failedOf(bob).context, reason }
      const event = { type: "FAILED", at: noon, retryable: false, jitterUnit: 0.5, ...reason } as const
      await subject.driver.commit([intentOf(ann), failedOf(bob, { context: failed, events: [event] })], noon)
      await subject.driver.writeDocuments([{ kind: "template", key: "grüße", value: { html: "<p>Grüße 漢字 😀</p>" } }])
      await subject.driver.commit([sentOf(await read(subject.driver, ann.id))], noon)
      const look = async () => ({
        rows: await subject.driver.list({ limit: 10 }),
        counts: await subject.driver.counts("spring"),
        changes: await subject.driver.changes(0, 100),
        leads: await subject.driver.listDocuments("lead", { limit: 10 }),
        templates: await subject.driver.listDocuments("template", { limit: 10 }),
        enrollments: await subject.driver.enrollments(["spring-ann", "spring-bob", "spring-cyd"]),
        next: await subject.driver.nextDueAt(),
      })
      const before = await look()
      await reopen()
      expect(await look()).toEqual(before)
      expect(await subject.driver.verify()).toMatchObject({ executions: 3, problems: [] })
    })

    it("never gives a place in the change log twice", async () => {
      await subject.driver.enroll([itemOf("ann")])
      await subject.driver.commit([failedOf(await claimOne(subject.driver))], noon)
      const { next } = await subject.driver.changes(0, 10)
      await subject.driver.prune(noon + 1)
      await reopen()
      await subject.driver.enroll([itemOf("bob")])
      expect((await subject.driver.changes(next, 10)).entries).toHaveLength(1)
    })

    it("gives leases back when it is closed in order: no claim is counted", async () => {
      await subject.driver.enroll([itemOf("ann", { dueAt: noon - 9 })])
      const row = await claimOne(subject.driver)
      await reopen()
      expect(await read(subject.driver, row.id)).toMatchObject({ owner: null, claims: 0, dueAt: noon - 9 })
      const again = await claimOne(subject.driver)
      expect(again.token).toBeGreaterThan(row.token)
      expect(again.claims).toBe(1)
    })

    const noCrash = traits.crash ? undefined : "the subject has no crash(): killing this one takes a process"
    const oneOwner = traits.capabilities.processes === "one" ? undefined : "other processes may hold leases"
    const afterCrash = "frees all rows at once after a crash, and counts the claims that saw no progress"
    itUnless(runner, noCrash ?? oneOwner, afterCrash, async () => {
      const crash = subject.store.crash ?? (async () => undefined)
      await subject.driver.enroll([itemOf("ann"), itemOf("bob"), itemOf("cyd")])
      const [ann, bob, cyd] = await claim(subject.driver)
      if (ann === undefined || bob === undefined || cyd === undefined) throw new Error("no rows")
      await subject.driver.commit([intentOf(bob)], noon)
      await subject.driver.signal([cancelSignal(cyd)])
      await crash(subject.driver)
      subject.driver = await subject.store.open()
      expect(await subject.driver.counts("spring")).toMatchObject({
        planned: 3,
        scheduled: 2,
        sending: 1,
        rendering: 0,
      })
      const rows = new Map((await claim(subject.driver)).map((row) => [row.leadId, row]))
      // Where the durability is none, nobody notes claims: but then nobody outlives the process either.
      expect(rows.get("ann")?.claims).toBe(2)
      expect(rows.get("bob")).toMatchObject({ claims: 1, intent: { attempt: 1 } })
      expect(rows.get("cyd")?.flags).toHaveLength(1)
      for (let crashes = 0; crashes < 2; crashes++) {
        await crash(subject.driver)
        subject.driver = await subject.store.open()
        await claim(subject.driver)
      }
      expect((await read(subject.driver, ann.id)).claims).toBe(4)
    })

    const goesOn = "finds what was acknowledged after a crash, and what is written from then on after the next"
    itUnless(runner, noCrash, goesOn, async () => {
      const crash = subject.store.crash ?? (async () => undefined)
      for (const [lives, name] of ["ann", "bob", "cyd"].entries()) {
        await subject.driver.enroll([itemOf(name)])
        await crash(subject.driver)
        subject.driver = await subject.store.open()
        expect(await subject.driver.list({ limit: 10 })).toHaveLength(lives + 1)
        expect(await subject.driver.verify()).toMatchObject({ executions: lives + 1, problems: [] })
      }
    })

    it("answers nothing any more once it is closed", async () => {
      const { driver } = subject
      await driver.close()
      for (const call of [() => driver.counts("spring"), () => driver.enroll([itemOf("ann")]), () => claim(driver)]) {
        const error = await errorOf(call)
        expect(error).toBeInstanceOf(StorageError)
        expect(error).toMatchObject({ code: "closed", retryable: false })
      }
      await driver.close()
    })

    it("lets an observer read beside the owner, and nothing else", async () => {
      await subject.driver.enroll([itemOf("ann"), itemOf("bob")])
      const observer = await subject.store.open("observe")
      try {
        expect(await observer.counts("spring")).toEqual(await subject.driver.counts("spring"))
        expect(await observer.list({ limit: 9 })).toEqual(await subject.driver.list({ limit: 9 }))
        expect(await observer.nextDueAt()).toBe(noon)
        const row = await read(observer, "spring-ann-0")
        const calls: ReadonlyArray<() => unknown> = [
          () => observer.enroll([itemOf("cyd")]),
          () => claim(observer),
          () => observer.renew([row], { until: noon, now: noon }),
          () => observer.release([row], noon),
          () => observer.commit([intentOf(row)], noon),
          () => observer.signal([cancelSignal(row)]),
          () => observer.writeDocuments([{ kind: "campaign", key: "spring", value: { state: "cancelled" } }]),
          () => observer.erase("ann", "nobody"),
          () => observer.prune(noon),
        ]
        for (const call of calls) expect(await errorOf(call)).toMatchObject({ code: "observer" })
        expect(await subject.driver.counts("spring")).toMatchObject({ planned: 2, scheduled: 2 })
      } finally {
        await observer.close()
      }
    })

    it("answers as it says: at once where it declares sync", async () => {
      const answers = [subject.driver.counts("spring"), subject.driver.enroll([itemOf("ann")]), claim(subject.driver)]
      if (subject.store.storage.capabilities.sync)
        expect(answers.map((answer) => answer instanceof Promise)).toEqual([false, false, false])
      await Promise.all(answers)
    })
  })
}
