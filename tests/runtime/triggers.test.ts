/** When triggers fire: also where a campaign is over, where a lead is not there yet, and where a write fails half way. */
import type { CampaignInput } from "sendstate/sdk"
import { faultyStorage, storageError } from "sendstate/testing"
import { describe, expect, test } from "vitest"
import { openCampaign, people, reaches, type World } from "./world.ts"

const ann = "ann@example.test"
const came: CampaignInput["triggers"] = [{ event: "came" }]
const qualified: Partial<CampaignInput> = { triggers: [{ status: "qualified" }], reentry: "always" }

const mailed = (world: World): number => world.inbox.sent.length

describe("a status", () => {
  // A put of a new status is this many writes: what was before, the lead, the event kept, remembered, and drawn.
  const writes = [1, 2, 3, 4, 5, 6]

  test.each(writes.flatMap((write) => [[write, "before"] as const, [write, "after"] as const]))(
    "whose write %i failed %s it was done fires once when it is put again, and never a second time",
    async (write, when) => {
      const storage = faultyStorage()
      const world = await openCampaign(qualified, { storage })
      await world.runtime.leads.put({ email: ann, status: "new" })
      let count = 0
      storage.fault = (method) => {
        if (method !== "writeDocuments") return undefined
        count += 1
        if (count !== write) return undefined
        return when === "before"
          ? { before: storageError("unavailable") }
          : { after: storageError("unavailable", true) }
      }
      const put = () => world.runtime.leads.put({ email: ann, status: "qualified" })
      await put().catch(() => undefined)
      storage.fault = () => undefined
      await put()
      await world.spring.idle()
      await put()
      await world.spring.idle()
      const next = await world.restart()
      await next.runtime.leads.put({ email: ann, status: "qualified" })
      await (await next.runtime.campaigns.get("spring")).idle()
      expect(await next.executions()).toHaveLength(1)
    },
  )

  test.each(writes)("whose put died at write %i fires once when it is put again after the restart", async (write) => {
    const storage = faultyStorage()
    const world = await openCampaign(qualified, { storage })
    let count = 0
    storage.fault = (method) => {
      if (method === "writeDocuments") count += 1
      return count >= write ? { before: storageError("unavailable") } : undefined
    }
    await world.runtime.leads.put({ email: ann, status: "qualified" }).catch(() => undefined)
    await world.runtime.close({ deadlineMs: 0 }).catch(() => undefined)
    storage.fault = () => undefined
    const next = await world.restart()
    await next.runtime.leads.put({ email: ann, status: "qualified" })
    const spring = await next.runtime.campaigns.get("spring")
    await spring.idle()
    await next.runtime.leads.put({ email: ann, status: "qualified" })
    await spring.idle()
    expect(await next.executions()).toHaveLength(1)
  })

  test("that a lead is enrolled with fires nothing, nor does putting it; each later change does", async () => {
    const world = await openCampaign(qualified)
    const put = async (status?: string) => {
      await world.runtime.leads.put({ email: ann, ...(status === undefined ? {} : { status }) })
      await world.spring.idle()
      return mailed(world)
    }
    await world.spring.enroll([{ email: ann, status: "qualified" }])
    await world.spring.idle()
    expect(mailed(world)).toBe(1)
    expect(await put("qualified")).toBe(1)
    expect(await put("lost")).toBe(1)
    expect(await put("qualified")).toBe(2)
    expect(await put()).toBe(2)
    expect(await put("qualified")).toBe(3)
    expect(await put("qualified")).toBe(3)
  })
})

describe("a campaign", () => {
  test("that is completed runs again for what its trigger lets in, and completes again; who is in already changes nothing", async () => {
    const world = await openCampaign({ triggers: came })
    await world.spring.enroll(people("ann"))
    await world.spring.close()
    await world.spring.completed()
    await world.runtime.leads.put({ email: "bob@example.test" })
    expect(await world.runtime.signal({ lead: ann, event: "came" })).toMatchObject({ enrolled: 0 })
    expect(world.spring.status().state).toBe("completed")
    expect(await world.runtime.signal({ lead: "bob@example.test", event: "came" })).toMatchObject({ enrolled: 1 })
    expect(await world.spring.completed()).toMatchObject({ sent: 2, enrollments: { finished: 2 } })
  })

  test("that is closed and under way lets in what its trigger brings, and nobody by hand", async () => {
    const world = await openCampaign({ triggers: came, steps: [{ template: "hello", after: "1 day" }] })
    await world.spring.enroll(people("ann"))
    await world.spring.close()
    await world.runtime.leads.put({ email: "bob@example.test" })
    expect(await world.runtime.signal({ lead: "bob@example.test", event: "came" })).toMatchObject({ enrolled: 1 })
    await expect(world.spring.enroll(people("cyd"))).rejects.toMatchObject({ code: "campaign-closed" })
  })

  test("that was cancelled lets in nobody", async () => {
    const world = await openCampaign({ triggers: came })
    await world.runtime.leads.put({ email: ann })
    await world.spring.cancel()
    expect(await world.runtime.signal({ lead: ann, event: "came" })).toMatchObject({ isNew: true, enrolled: 0 })
  })
})

describe("an event", () => {
  test("of a lead that is not stored says so, and fires when it is told again once the lead is", async () => {
    const world = await openCampaign({ triggers: came })
    const signal = { lead: ann, event: "came", id: "1" }
    expect(await world.runtime.signal(signal)).toMatchObject({ isNew: true, enrolled: 0, unknownLead: true })
    await world.runtime.leads.put({ email: ann })
    expect(await world.runtime.signal(signal)).toEqual({
      isNew: true,
      released: 0,
      cancelled: 0,
      enrolled: 1,
      started: 0,
    })
    expect(await world.runtime.signal(signal)).toMatchObject({ isNew: false, enrolled: 0 })
    await world.until(reaches("done"))
  })

  test("from the future, but for a small difference of clocks, and of a campaign that is not there are refused", async () => {
    const { runtime } = await openCampaign()
    const now = runtime.now()
    const signal = { lead: ann, event: "came" }
    await expect(runtime.signal({ ...signal, at: now + 3_600_000 })).rejects.toMatchObject({
      _tag: "InvalidInput",
      code: "future-event",
      issues: [{ path: "at" }],
    })
    expect(await runtime.signal({ ...signal, at: now + 30_000 })).toMatchObject({ isNew: true })
    await expect(runtime.signal({ ...signal, campaign: "sprong" })).rejects.toMatchObject({ code: "campaign-missing" })
  })
})
