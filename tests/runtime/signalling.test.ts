/** What becomes of an event when something breaks while its consequences are drawn. */
import { faultyStorage, storageError } from "sendstate/testing"
import { expect, test } from "vitest"
import { campaign, door, openCampaign, openWorld, people, reaches } from "./world.ts"

const ann = "ann@example.test"

const isDropOfSignal = (args: ReadonlyArray<unknown>): boolean =>
  (args[0] as ReadonlyArray<{ kind: string; value: unknown }>).some(
    ({ kind, value }) => kind === "signal" && value === null,
  )

test("an event that is told again because nobody answered fires its triggers once, though the lead might come again", async () => {
  const storage = faultyStorage()
  const world = await openCampaign({ triggers: [{ event: "came" }], reentry: "always" }, { storage })
  await world.runtime.leads.put({ email: ann })
  let isBroken = true
  storage.fault = (method, args) =>
    isBroken && method === "writeDocuments" && isDropOfSignal(args)
      ? { before: storageError("unavailable") }
      : undefined
  const signal = { lead: ann, event: "came", id: "came-1" }
  await expect(world.runtime.signal(signal)).rejects.toMatchObject({ code: "unavailable" })
  await world.until(reaches("done"))
  isBroken = false
  expect(await world.runtime.signal(signal)).toMatchObject({ isNew: false, enrolled: 0 })
  expect(await world.executions()).toHaveLength(1)
  expect(await world.runtime.signal({ ...signal, id: "came-2" })).toMatchObject({ isNew: true, enrolled: 1 })
})

test("a lead may be named by its address as people write it, and by an id of its own only as it is", async () => {
  const { runtime, spring } = await openCampaign({ exit: ["left"], steps: [{ template: "hello", after: "9 days" }] })
  await spring.enroll([{ email: "Bob@Example.test" }, { id: "Ann@HQ", email: "ann@x.test" }])
  expect(await runtime.signal({ lead: "BOB@Example.test", event: "left", id: "1" })).toMatchObject({ cancelled: 1 })
  expect(await runtime.signal({ lead: "bob@example.test", event: "left", id: "1" })).toMatchObject({ isNew: false })
  expect(await runtime.signal({ lead: "ann@hq", event: "left" })).toMatchObject({ cancelled: 0 })
  expect(await runtime.signal({ lead: "Ann@HQ", event: "left" })).toMatchObject({ cancelled: 1 })
})

test("an inbound mail fires its triggers though the process died after it was remembered", async () => {
  const storage = faultyStorage()
  const triggers = [{ mail: { subject: "price" } }]
  const world = await openCampaign({ triggers }, { storage })
  storage.fault = (method) => (method === "enroll" ? { before: storageError("unavailable") } : undefined)
  const message = { messageId: "m1", from: "Ann <ann@example.test>", subject: "Your price?" }
  await expect(world.runtime.receive(message)).rejects.toMatchObject({ code: "unavailable" })
  storage.fault = () => undefined
  // Nobody has to hand it in again.
  const next = await world.restart()
  await next.until(reaches("done"))
  expect(await next.runtime.receive(message)).toMatchObject({ enrolled: 0 })
  expect(await next.executions()).toMatchObject([{ leadId: ann }])
})

test("an event that comes while the mail before is being stored is not forgotten by a death right after", async () => {
  const storage = faultyStorage()
  const steps = [{ template: "hello" }, { template: "nudge", waitUntil: { event: "opened", timeout: "9 days" } }]
  const world = await openCampaign({ steps }, { storage })
  const isGone = door()
  let isDead = false
  storage.fault = (method, args) => {
    if (isDead) return { before: storageError("unavailable") }
    const plans = method === "commit" && (args[0] as ReadonlyArray<{ plan?: unknown }>).some(({ plan }) => plan)
    if (!plans) return undefined
    const told = world.runtime.signal({ lead: ann, event: "opened" }).then(() => {
      // Its last deed is the commit that waits for this.
      setImmediate(() => {
        isDead = true
        isGone.open()
      })
    })
    return { wait: told }
  }
  await world.spring.enroll(people("ann"))
  await isGone.opened
  await world.runtime.close({ deadlineMs: 0 }).catch(() => undefined)
  isDead = false
  storage.fault = () => undefined
  const next = await openWorld({ storage })
  await next.until((event) => event.type === "execution" && event.step === 1 && event.state === "done")
  await expect.poll(async () => storage.driver().listDocuments("signal", { limit: 10 })).toEqual([])
})

test("a release that the storage refuses at first comes about all the same", async () => {
  const storage = faultyStorage()
  const steps = [{ template: "hello" }, { template: "nudge", waitUntil: { event: "opened", timeout: "9 days" } }]
  const world = await openCampaign({ steps }, { storage })
  let failures = 0
  let isTold = false
  storage.fault = (method, args) => {
    if (method === "commit" && (args[0] as ReadonlyArray<{ plan?: unknown }>).some(({ plan }) => plan)) {
      const told = world.runtime.signal({ lead: ann, event: "opened" })
      return {
        wait: told.then(() => {
          isTold = true
        }),
      }
    }
    if (!isTold || failures === 2 || method !== "documents" || args[0] !== "events") return undefined
    failures += 1
    return { before: storageError("unavailable") }
  }
  await world.spring.enroll(people("ann"))
  await world.until((event) => event.type === "execution" && event.step === 1 && event.state === "done")
})

test("of several triggers of a campaign each may let a lead in", async () => {
  const triggers = [
    { event: "came", when: { lead: "plan", equals: "pro" } },
    { event: "came", when: { lead: "plan", equals: "free" } },
  ]
  const world = await openCampaign({ triggers })
  await world.runtime.leads.put({ email: ann, data: { plan: "free" } })
  expect(await world.runtime.signal({ lead: ann, event: "came" })).toMatchObject({ enrolled: 1 })
})

test("the same id for two leads is two events", async () => {
  const storage = faultyStorage()
  const world = await openWorld({ storage })
  const spring = await world.runtime.campaigns.create(
    campaign({ steps: [{ template: "hello", after: "9 days" }], exit: "left" }),
  )
  await spring.enroll(people("ann", "bob"))
  let broken = true
  storage.fault = (method, args) =>
    broken && method === "writeDocuments" && isDropOfSignal(args) ? { before: storageError("unavailable") } : undefined
  await expect(world.runtime.signal({ lead: ann, event: "left", id: "1" })).rejects.toThrow()
  await expect(world.runtime.signal({ lead: "bob@example.test", event: "left", id: "1" })).rejects.toThrow()
  broken = false
  const kept = await storage.driver().listDocuments("signal", { limit: 10 })
  expect(kept.map(({ value }) => value.lead).sort()).toEqual([ann, "bob@example.test"])
})

test("what is recent and when a lead may come again goes by campaign time", async () => {
  const steps = [
    { template: "hello" },
    { template: "nudge", after: "1 day", when: { event: "opened", within: "1 hour" } },
  ]
  const speed = 86_400_000 / 300
  const world = await openCampaign({ steps, reentry: { after: "1 hour" } }, { speed })
  await world.spring.enroll(people("ann"))
  await world.runtime.signal({ lead: ann, event: "opened" })
  await world.until((event) => event.type === "execution" && event.step === 1 && event.state === "done")
  const [nudge] = (await world.executions()).filter(({ step }) => step === 1)
  expect(nudge?.context).toMatchObject({ outcome: "skipped", reason: { code: "condition" } })
  expect(await world.spring.enroll(people("ann"))).toMatchObject({ enrolled: 1 })
})
