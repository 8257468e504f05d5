import { isConserved, type Observer, type RuntimeEvent } from "sendstate/sdk"
import { expect, test } from "vitest"
import { busy, campaign, crowd, door, hears, openCampaign, openWorld, people, reaches } from "./world.ts"

const execution = (event: RuntimeEvent) => (event.type === "execution" ? [event] : [])

test("events are complete and in order for each execution, and start when they are asked for", async () => {
  const { runtime } = await openWorld({
    transport: { outcome: (_, { attempt }) => (attempt === 1 ? busy : { type: "accepted" }) },
  })
  const stream = runtime.events()
  const spring = await runtime.campaigns.create(campaign({ steps: [{ template: "hello" }, { template: "nudge" }] }), {
    speed: 1_000,
  })
  await spring.enroll(crowd(30))
  await spring.close()
  await spring.completed()
  const ids: string[] = []
  for await (const { id } of runtime.executions.list({ campaignId: "spring" })) ids.push(id)
  const seen: RuntimeEvent[] = []
  for await (const event of stream) {
    seen.push(event)
    if (event.type === "campaign" && event.state === "completed") break
  }
  expect(
    seen.filter(({ type }) => type === "campaign").map((event) => event.type === "campaign" && event.state),
  ).toEqual(["running", "completed"])
  expect(seen.find(({ type }) => type === "enrolled")).toMatchObject({ created: 30, duplicates: 0 })
  for (const id of ids) {
    const heard = seen.flatMap(execution).filter((event) => event.executionId === id)
    const told = heard.flatMap((event) => event.events)
    const { history, execution: row } = await runtime.explain(id)
    // A first step's SCHEDULED is told by the batch's `enrolled`.
    const stored = history.map(({ event }) => event)
    expect(told).toEqual(row.step === 0 ? stored.slice(1) : stored)
    expect(heard.at(-1)?.context).toEqual(row.context)
  }
})

test("a campaign's events are those of this campaign only", async () => {
  const { runtime, spring } = await openCampaign()
  const autumn = await runtime.campaigns.create(campaign({ id: "autumn" }))
  const stream = autumn.events()
  await spring.enroll(people("ann"))
  await spring.settled()
  await autumn.enroll(people("bob"))
  await autumn.settled()
  await runtime.close()
  const ids = new Set<string>()
  for await (const event of stream) if (event.type !== "lagged") ids.add(event.campaignId)
  expect([...ids]).toEqual(["autumn"])
})

test("a consumer that is too slow is told how much it missed, and nobody waits for it", async () => {
  const { runtime, spring } = await openCampaign({ steps: [{ template: "hello" }, { template: "nudge" }] })
  const all = runtime.events()
  const slow = runtime.events()[Symbol.asyncIterator]()
  let published = 0
  const count = (async () => {
    for await (const event of all) {
      published += event.type === "lagged" ? event.missed : 1
      if (event.type === "campaign" && event.state === "completed") return
    }
  })()
  let missed = 0
  let delivered = 0
  await spring.enroll(crowd(2_500))
  // It takes a few, and then no more for long.
  for (; delivered < 3; delivered += 1) expect((await slow.next()).value?.type).not.toBe("lagged")
  await spring.close()
  await spring.completed()
  await count
  while (true) {
    const { value: event } = await slow.next()
    if (event === undefined) break
    if (event.type === "lagged") missed += event.missed
    else delivered += 1
    if (event.type === "campaign" && event.state === "completed") break
  }
  expect(missed).toBeGreaterThan(0)
  expect(delivered).toBeLessThanOrEqual(10_003)
  expect(missed + delivered).toBe(published)
})

test("a stream of events ends with its signal, and with the runtime", async () => {
  const { runtime } = await openCampaign()
  const abort = new AbortController()
  const first = runtime.events({ signal: abort.signal })[Symbol.asyncIterator]().next()
  abort.abort()
  expect(await first).toEqual({ done: true, value: undefined })
  const second = runtime.events()[Symbol.asyncIterator]().next()
  await runtime.close()
  expect(await second).toEqual({ done: true, value: undefined })
})

const observer = (onEvent: Observer["onEvent"], more: Partial<Observer> = {}): Observer => ({
  name: "test",
  onEvent,
  ...more,
})

test("observers that throw or hang harm nothing, and are reported once", async () => {
  const { spring, runtime } = await openCampaign(
    {},
    {
      observers: [
        observer(() => {
          throw new Error("observer of ann@example.test broke")
        }),
        observer(() => Promise.reject(new Error("late"))),
        observer(() => new Promise(() => {})),
      ],
    },
  )
  await spring.enroll(crowd(20))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 20 })
  const { problems } = await runtime.health()
  expect(problems).toHaveLength(2)
  expect(problems.map(({ text }) => text).join()).not.toContain("ann@example.test")
})

test("an observer sees everything up to the close, one event at a time, then its own close", async () => {
  const seen: RuntimeEvent[] = []
  const closed = door()
  let busyNow = false
  const { spring, runtime, events } = await openCampaign(
    {},
    {
      observers: [
        observer(
          async (event) => {
            expect(busyNow).toBe(false)
            busyNow = true
            await new Promise(setImmediate)
            seen.push(event)
            busyNow = false
          },
          { close: closed.open },
        ),
      ],
    },
  )
  await spring.enroll(crowd(40))
  await spring.close()
  await spring.completed()
  await runtime.close()
  await closed.opened
  expect(seen).toEqual(events)
  expect(seen.at(-1)).toMatchObject({ type: "campaign", state: "completed" })
})

test("an explanation tells each step with its code and reason, and what it waits for", async () => {
  const { spring, runtime, until, executionOf } = await openCampaign(
    { retry: { base: "1 hour" } },
    {
      transport: {
        outcome: () => ({
          type: "rejected",
          scope: "recipient",
          retryable: true,
          code: "452",
          enhancedCode: "4.2.2",
          response: "452 4.2.2 <ann@example.test> mailbox full",
        }),
      },
    },
  )
  await spring.enroll(people("ann"))
  await until(reaches("retrying"))
  const { history, summary } = await runtime.explain((await executionOf("ann")).id)
  expect(history.map(({ type }) => type)).toEqual(["SCHEDULED", "DUE", "RENDERED", "REJECTED"])
  expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort((left, right) => left - right))
  expect(summary).toContain("attempt 2 is planned for")
  expect(summary).toContain("4.2.2")
  const everything = JSON.stringify([history, summary])
  expect(everything).toContain("mailbox full")
  expect(everything).not.toContain("ann@example.test")
})

test("no event and no stored context holds an address", async () => {
  const { spring, events, executions } = await openCampaign(
    {},
    { transport: { outcome: ({ to }) => ({ type: "accepted", response: `250 queued for ${to.address}` }) } },
  )
  await spring.enroll(crowd(5))
  await spring.close()
  const counts = await spring.completed()
  expect(isConserved(counts)).toBe(true)
  expect(events.filter(hears("ACCEPTED"))).toHaveLength(5)
  expect(JSON.stringify(events)).not.toContain("@example.test")
  expect(JSON.stringify((await executions()).map(({ context }) => context))).not.toContain("@example.test")
})
