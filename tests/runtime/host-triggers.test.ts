/** Triggers that start something of the host's own: once for each occasion that the host tells apart, whatever dies or fails. */
import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Closed, createRuntimeSync, type HostTrigger, InvalidInput, NotFound, type Occasion } from "sendstate"
import { Sendstate } from "sendstate/effect"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { faultyStorage, storageError } from "sendstate/testing"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { describe, expect, test } from "vitest"
import { advance } from "./virtual-time.ts"
import { failureOf, openCampaign, openWorld, renderer } from "./world.ts"

const ann = "ann@example.test"
const bob = "bob@example.test"

type Start = (occasion: Occasion, signal: AbortSignal) => Promise<boolean>

/** A host that notes what it is asked to start, and knows what it has started before. */
const host = (on: HostTrigger["on"], body?: Start) => {
  const asked: Occasion[] = []
  const done = new Set<string>()
  const trigger: HostTrigger = {
    id: "crm",
    on,
    start: async (occasion, { signal }) => {
      asked.push(occasion)
      if (body !== undefined) return body(occasion, signal)
      const isNew = !done.has(occasion.id)
      done.add(occasion.id)
      return isNew
    },
  }
  return { trigger, triggers: [trigger], asked, done }
}

const fails =
  (error: unknown): Start =>
  () =>
    Promise.reject(error)

const came = { lead: ann, event: "came", id: "1" } as const

describe("a trigger of the host", () => {
  test("starts something for an event, once", async () => {
    const { triggers, asked } = host({ event: "came" })
    const { runtime } = await openWorld({ triggers })
    await runtime.leads.put({ email: ann })
    expect(await runtime.signal({ ...came, at: 5 })).toMatchObject({ isNew: true, started: 1, enrolled: 0 })
    expect(await runtime.signal({ ...came, at: 5 })).toMatchObject({ isNew: false, started: 0 })
    expect(await runtime.signal({ ...came, event: "went", id: "2" })).toMatchObject({ started: 0 })
    expect(asked).toEqual([{ id: expect.any(String), lead: ann, event: "came", at: 5 }])
    expect(await runtime.signal({ ...came, id: "3" })).toMatchObject({ started: 1 })
    expect(new Set(asked.map(({ id }) => id)).size).toBe(2)
  })

  test("hears of an event that one campaign alone hears of", async () => {
    const { triggers, asked } = host({ event: "came", when: { event: "clicked" } })
    const { runtime } = await openCampaign({}, { triggers })
    await runtime.leads.put({ email: ann })
    expect(await runtime.signal({ ...came, campaign: "spring" })).toMatchObject({ started: 0 })
    await runtime.signal({ lead: ann, event: "clicked", campaign: "spring" })
    expect(await runtime.signal({ ...came, id: "2", campaign: "spring" })).toMatchObject({ started: 1 })
    expect(asked).toHaveLength(1)
  })

  test("starts something for each new status, and for none that is told again", async () => {
    const { triggers, asked } = host({ status: "qualified" })
    const { runtime } = await openWorld({ triggers })
    const put = async (status?: string) =>
      (await runtime.leads.put({ email: ann, ...(status === undefined ? {} : { status }) })).signal
    expect(await put()).toBeNull()
    expect(await put("qualified")).toMatchObject({ started: 1 })
    expect(await put("qualified")).toBeNull()
    expect(await put("lost")).toMatchObject({ started: 0 })
    expect(await put("qualified")).toMatchObject({ started: 1 })
    expect(asked.map(({ event }) => event)).toEqual(["status:qualified", "status:qualified"])
  })

  test("starts something for a mail of a lead; one of a stranger is the host's to store first", async () => {
    const { triggers, asked } = host({ mail: { subject: "price", from: "@example.test" } })
    const { runtime } = await openWorld({ triggers })
    await runtime.leads.put({ email: ann })
    const mail = { messageId: "m1", from: `Ann <${ann}>`, subject: "Your PRICE?" }
    expect(await runtime.receive(mail)).toMatchObject({ lead: ann, started: 1, ignored: null })
    expect(await runtime.receive(mail)).toMatchObject({ started: 0 })
    expect(await runtime.receive({ ...mail, messageId: "m2", subject: "Hello" })).toMatchObject({ started: 0 })
    const strange = { ...mail, messageId: "m3", from: bob }
    expect(await runtime.receive(strange)).toMatchObject({ ignored: "unknown-sender" })
    await runtime.leads.put({ email: bob })
    expect(await runtime.receive(strange)).toMatchObject({ lead: bob, started: 1 })
    expect(asked.map(({ lead, event }) => [lead, event])).toEqual([
      [ann, "replied"],
      [bob, "replied"],
    ])
  })

  test("starts nothing for a stranger whom the same mail brings into a campaign", async () => {
    const { triggers, asked } = host({ mail: { subject: "price" } })
    const { runtime } = await openCampaign({ triggers: [{ mail: { subject: "price" } }] }, { triggers })
    const mail = { messageId: "m1", from: bob, subject: "price" }
    expect(await runtime.receive(mail)).toMatchObject({ enrolled: 1, started: 0 })
    expect(asked).toEqual([])
  })

  test("asks for a lead that is stored: the event says so, and starts it when it is told again", async () => {
    const { triggers } = host({ event: "came" })
    const { runtime } = await openWorld({ triggers })
    expect(await runtime.signal(came)).toMatchObject({ started: 0, unknownLead: true })
    await runtime.leads.put({ email: ann })
    expect(await runtime.signal(came)).toMatchObject({ isNew: true, started: 1 })
  })

  test("is asked a second later by a caller who cannot wait", async () => {
    const { triggers, asked } = host({ status: "qualified" })
    await using runtime = createRuntimeSync({
      storage: memoryStorage(),
      transport: memoryTransport(),
      renderer: renderer(),
      triggers,
    })
    expect(runtime.sync.putLead({ email: ann, status: "qualified" }).signal).toMatchObject({ isNew: true, started: 0 })
    expect(asked).toEqual([])
    await expect.poll(() => asked.length, { timeout: 5_000 }).toBe(1)
  })

  test("that says nothing, has the name of another, or is one by time is refused", async () => {
    const { trigger } = host({ event: "came" })
    const refused = async (triggers: ReadonlyArray<unknown>) =>
      failureOf(openWorld({ triggers: triggers as ReadonlyArray<HostTrigger> }))
    expect(await refused([trigger, trigger])).toBeInstanceOf(InvalidInput)
    expect(await refused([{ ...trigger, on: { at: "at 09:00" } }])).toMatchObject({
      message: expect.stringContaining("a trigger by time is one of a campaign"),
    })
    expect(await refused([{ ...trigger, on: { mail: {} } }])).toBeInstanceOf(InvalidInput)
    expect(await refused([{ ...trigger, start: undefined }])).toBeInstanceOf(InvalidInput)
  })
})

describe("a start", () => {
  test("that throws is a problem, and holds up no campaign and no other start", async () => {
    const bad = host({ event: "came" }, fails(new Error("the CRM is away")))
    const good = host({ event: "came" })
    const triggers = [{ ...bad.trigger, id: "bad" }, good.trigger]
    const { runtime } = await openCampaign({ triggers: [{ event: "came" }] }, { triggers })
    await runtime.leads.put({ email: ann })
    expect(await runtime.signal(came)).toMatchObject({ enrolled: 1, started: 1 })
    const [problem] = (await runtime.health()).problems
    expect(problem?.text).toBe('the trigger "bad" of the host: the CRM is away; it is tried again')
  })

  test("that threw follows when the event is told again, under the same name", async () => {
    let isAway = true
    const { triggers, asked } = host({ event: "came" }, () =>
      isAway ? Promise.reject(new Error("away")) : Promise.resolve(true),
    )
    const { runtime, spring } = await openCampaign({ triggers: [{ event: "came" }], reentry: "always" }, { triggers })
    await runtime.leads.put({ email: ann })
    expect(await runtime.signal(came)).toMatchObject({ enrolled: 1, started: 0 })
    await spring.idle()
    isAway = false
    expect(await runtime.signal(came)).toMatchObject({ isNew: false, enrolled: 0, started: 1 })
    expect(await runtime.signal(came)).toMatchObject({ started: 0 })
    expect(asked).toHaveLength(2)
    expect(asked[0]).toEqual(asked[1])
  })

  test("that threw does nothing more to mails: one that waits for the same event again goes on waiting", async () => {
    let isAway = true
    const { triggers } = host({ event: "came" }, () =>
      isAway ? Promise.reject(new Error("away")) : Promise.resolve(true),
    )
    const waits = { template: "hello", waitUntil: { event: "came", timeout: "9 days" } } as const
    const { runtime, spring, inbox } = await openCampaign({ steps: [waits, waits] }, { triggers })
    await spring.enroll([{ email: ann }])
    expect(await runtime.signal(came)).toMatchObject({ released: 1, started: 0 })
    await spring.idle()
    isAway = false
    expect(await runtime.signal(came)).toMatchObject({ released: 0, started: 1 })
    await spring.idle()
    expect(inbox.count).toBe(1)
  })

  test("that is under way is not asked for again when the event is told once more", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const { triggers, asked } = host({ event: "came" }, () => promise)
    const { runtime } = await openWorld({ triggers })
    await runtime.leads.put({ email: ann })
    const first = runtime.signal(came)
    await expect.poll(() => asked.length).toBe(1)
    expect(await runtime.signal(came)).toMatchObject({ started: 0 })
    resolve(true)
    expect(await first).toMatchObject({ started: 1 })
    expect(await runtime.signal(came)).toMatchObject({ started: 0 })
    expect(asked).toHaveLength(1)
  })

  test("that says that it never can is not asked again", async () => {
    const error = new NotFound({ kind: "deal", key: "1", code: "deal-missing", retryable: false, message: "no deal" })
    const { triggers, asked } = host({ event: "came" }, fails(error))
    const world = await openWorld({ triggers })
    await world.runtime.leads.put({ email: ann })
    await world.runtime.signal(came)
    await world.runtime.signal(came)
    expect((await world.runtime.health()).problems[0]?.text).toBe('the trigger "crm" of the host: no deal')
    const next = await world.restart()
    await next.runtime.signal(came)
    expect(asked).toHaveLength(1)
  })

  test("that came in the way of a close, or never answered, is asked for by the next process", async () => {
    const closed = new Closed({ code: "closed", retryable: false, message: "closing" })
    for (const body of [fails(closed), (): Promise<boolean> => new Promise(() => {})]) {
      const first = host({ event: "came" }, body)
      const world = await openWorld({ triggers: first.triggers })
      await world.runtime.leads.put({ email: ann })
      const told = world.runtime.signal(came).catch(() => undefined)
      await expect.poll(() => first.asked.length).toBe(1)
      await world.runtime.close({ deadlineMs: 0 })
      await told
      const second = host({ event: "came" })
      const next = await world.restart({ triggers: second.triggers })
      await expect.poll(() => second.asked, { timeout: 5_000 }).toEqual(first.asked)
      expect(await next.runtime.signal(came)).toMatchObject({ isNew: false, started: 0 })
      const last = await next.restart()
      await last.runtime.signal(came)
      expect(second.asked).toHaveLength(1)
    }
  })

  test("is asked for nobody who was forgotten", async () => {
    const first = host({ event: "came" }, fails(new Error("away")))
    const world = await openWorld({ triggers: first.triggers })
    await world.runtime.leads.put({ email: ann })
    await world.runtime.leads.put({ email: bob })
    await world.runtime.signal(came)
    await world.runtime.signal({ ...came, lead: bob })
    await world.runtime.forgetLead(ann)
    const second = host({ event: "came" })
    await world.restart({ triggers: second.triggers })
    await expect.poll(() => second.asked.map(({ lead }) => lead), { timeout: 5_000 }).toEqual([bob])
  })
})

// What is written from the put on: what was before, the lead, the event kept, remembered, and drawn.
test.each([3, 4, 5])(
  "a process that died at write %i of a new status has started it once in the end",
  async (write) => {
    const storage = faultyStorage()
    const { triggers, done } = host({ status: "qualified" })
    const world = await openWorld({ storage, triggers })
    let count = 0
    storage.fault = (method) => {
      if (method === "writeDocuments") count += 1
      return count >= write ? { before: storageError("unavailable") } : undefined
    }
    const put = { email: ann, status: "qualified" }
    await world.runtime.leads.put(put).catch(() => undefined)
    await world.runtime.close({ deadlineMs: 0 }).catch(() => undefined)
    storage.fault = () => undefined
    const next = await world.restart()
    await next.runtime.leads.put(put)
    await expect.poll(() => done.size, { timeout: 5_000 }).toBe(1)
    await next.restart()
    expect(done.size).toBe(1)
  },
)

it.effect("what is left waits for a process that has the trigger", () => {
  const storage = memoryStorage()
  const open = (triggers: ReadonlyArray<HostTrigger>) =>
    Effect.map(
      Layer.build(
        Layer.fresh(Sendstate.layer({ storage, transport: memoryTransport(), renderer: renderer(), triggers })),
      ),
      (services) => Context.get(services, Sendstate),
    )
  return Effect.gen(function* () {
    const first = host({ event: "came" }, fails(new Error("away")))
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { putLead, signal } = yield* open(first.triggers)
        yield* putLead({ email: ann })
        yield* signal(came)
      }),
    )
    yield* Effect.scoped(Effect.andThen(open([]), advance(10_000, 1_000)))
    const second = host({ event: "came" })
    yield* Effect.scoped(Effect.andThen(open(second.triggers), advance(10_000, 1_000)))
    expect(second.asked).toEqual([first.asked[0]])
  })
})

it.effect("what a host cannot start is tried again at pauses that double, one that hangs after half a minute", () =>
  Effect.gen(function* () {
    const tries: number[] = []
    const clock = yield* Clock.Clock
    const { triggers } = host({ event: "came" }, (_, signal) => {
      tries.push(clock.currentTimeMillisUnsafe())
      if (tries.length > 4) return Promise.resolve(true)
      if (tries.length > 1) return Promise.reject(new Error("away"))
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
    })
    const options = { storage: memoryStorage(), transport: memoryTransport(), renderer: renderer(), triggers }
    const services = yield* Layer.build(Layer.fresh(Sendstate.layer(options)))
    const { putLead, signal, health } = Context.get(services, Sendstate)
    yield* putLead({ email: ann })
    // Who goes on with what an earlier process left has looked.
    yield* advance(999)
    const told = yield* Effect.forkChild(signal(came))
    yield* advance(60_000, 99)
    expect(told.pollUnsafe()).toBeDefined()
    // Half a minute and a second; then the pauses of 2, 4 and 8 seconds.
    const gaps = tries.slice(1).map((at, index) => Math.round((at - (tries[index] ?? 0)) / 1_000))
    expect(gaps).toEqual([31, 2, 4, 8])
    expect((yield* health).problems[0]?.text).toBe(
      'the trigger "crm" of the host: no answer within 30 s; it is tried again',
    )
  }).pipe(Effect.scoped),
)
