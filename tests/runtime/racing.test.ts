import { setImmediate } from "node:timers/promises"
import * as fc from "fast-check"
import { createRuntime } from "sendstate"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { faultyStorage, sampleRows } from "sendstate/testing"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { expect, test } from "vitest"
import { busy, campaign, people, renderer } from "./world.ts"

// Between two steps everything that needs no time has its turns: else one order is tried again and again.
const act = async (step: () => Promise<void>): Promise<void> => {
  await step()
  for (let turn = 0; turn < 3; turn += 1) await setImmediate()
}

const raced = ["claimDue", "commit", "signal", "release"]

test("a cancel races a send in every order of the storage's answers: its answer is always true, and both can win", async () => {
  const answers = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.scheduler({ act }), fc.boolean(), fc.nat(8), async (scheduler, isBusy, hesitation) => {
      const storage = faultyStorage()
      const inbox = memoryTransport({ outcome: () => (isBusy ? busy : { type: "accepted" }) })
      const runtime = await createRuntime({ storage, transport: inbox, renderer: renderer(), standby: true })
      try {
        const spring = await runtime.campaigns.create(campaign({ retry: { base: "1 hour", jitter: 0 } }))
        await spring.enroll(people("ann"))
        const [row] = await runtime.executions.page({ campaignId: "spring" })
        const id = row?.id ?? ""
        storage.fault = (method) =>
          raced.includes(method)
            ? { wait: scheduler.schedule(Promise.resolve(), method).then(() => undefined) }
            : undefined
        const started = runtime.leaveStandby()
        const cancel = (async () => {
          for (let turn = 0; turn <= hesitation; turn += 1) await scheduler.schedule(Promise.resolve(), "the user")
          return runtime.executions.cancel(id)
        })()
        const answer = await scheduler.waitFor(cancel)
        await scheduler.waitFor(started.then(() => spring.settled()))
        answers.add(answer)
        const { state } = await runtime.executions.get(id)
        if (answer === "cancelled") expect([state, inbox.count]).toEqual(["cancelled", 0])
        else expect([answer, state, inbox.count]).toEqual(["tooLate", "done", 1])
      } finally {
        storage.fault = () => undefined
        await runtime.close({ deadlineMs: 0 })
      }
    }),
    { numRuns: 60 },
  )
  expect([...answers].sort()).toEqual(["cancelled", "tooLate"])
})

test("a claimer whose lease ended races the next one: never do both send, and either can win", async () => {
  const { claim, intentOf, itemOf, noon, read, sentOf, setCampaign } = sampleRows
  const winners = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.scheduler({ act }), async (scheduler) => {
      const driver = await memoryStorage().open({ mode: "own", now: () => noon })
      await setCampaign(driver, "running")
      await driver.enroll([itemOf("ann")])
      const [frozen] = await claim(driver, { now: noon })
      if (frozen === undefined) throw new Error("there is a row to claim")
      const sends: Array<string> = []
      const turn = (name: string) => scheduler.schedule(Promise.resolve(), name)
      const first = async (): Promise<void> => {
        await turn("first: intent")
        const [intent] = await driver.commit([intentOf(frozen)], noon + 29_999)
        if (intent?.type !== "ok") return
        sends.push("first")
        await turn("first: receipt")
        await driver.commit([sentOf({ ...frozen, version: intent.version })], noon + 29_999)
      }
      const second = async (): Promise<void> => {
        await turn("second: claim")
        const [row] = await driver.claimDue({ owner: "other", limit: 1, leaseMs: 30_000, now: noon + 70_000 })
        // An intent without a receipt is doubt for the second one, and no reason to send.
        if (row === undefined || row.intent !== null) return
        await turn("second: intent")
        const [intent] = await driver.commit([intentOf(row)], noon + 70_000)
        if (intent?.type === "ok") sends.push("second")
      }
      await scheduler.waitFor(Promise.all([first(), second()]))
      expect(sends).toHaveLength(1)
      winners.add(sends[0] ?? "")
      expect((await read(driver, frozen.id)).flags).toEqual([])
      await driver.close()
    }),
    { numRuns: 50 },
  )
  expect([...winners].sort()).toEqual(["first", "second"])
})
