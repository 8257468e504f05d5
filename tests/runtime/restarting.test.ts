import { join } from "node:path"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { expect, test } from "vitest"
import {
  accepted,
  acceptsAfter,
  campaign,
  crowd,
  door,
  failureOf,
  openCampaign,
  openWorld,
  people,
  reaches,
  temporaryFolder,
  transportOf,
} from "./world.ts"

const never = new Promise<never>(() => {})

test("two runtimes on one file: the second is refused, with the pid of the first", async () => {
  const file = join(temporaryFolder(), "store.db")
  await openWorld({ storage: sqlite(file) })
  expect(await failureOf(openWorld({ storage: sqlite(file) }))).toMatchObject({
    _tag: "StorageOwned",
    ownerPid: process.pid,
  })
})

test("close lets what is under way end, gives the rest back, and the next start goes on", async () => {
  const answer = door()
  const world = await openCampaign(
    {},
    {
      storage: sqlite(join(temporaryFolder(), "store.db")),
      transport: {
        maxConcurrency: 2,
        ...acceptsAfter(answer),
      },
    },
  )
  await world.spring.enroll(crowd(50))
  await world.until(reaches("sending.attempting"))
  const { sending } = await world.spring.stats()
  const closing = world.restart()
  answer.open()
  const again = await closing
  const spring = await again.runtime.campaigns.get("spring")
  const [first] = (await again.executions()).filter(({ context }) => context.outcome === "sent")
  expect(first?.context.attempt).toBe(1)
  expect(sending).toBeGreaterThan(0)
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 50, inDoubtTotal: 0 })
  expect(world.inbox.count).toBe(50)
})

test("what has no receipt when the deadline of a close is over is in doubt at the next start", async () => {
  const transport = transportOf(
    async (message, { handoff }) => {
      if (message.to.address.startsWith("mute")) return never
      handoff()
      return message.to.address.startsWith("stuck") ? never : accepted
    },
    { maxConcurrency: 3 },
  )
  const world = await openCampaign({ retry: { base: "1 hour" } }, { transport })
  await world.spring.enroll(people("stuck", "mute", "ann"))
  await world.until(reaches("done"))
  while ((await world.spring.stats()).sending < 2) await new Promise(setImmediate)
  await world.runtime.close({ deadlineMs: 20 })
  const again = await openWorld({ storage: world.storage, transport: { outcome: () => accepted } })
  const spring = await again.runtime.campaigns.get("spring")
  // The mute one was never handed off: no doubt, no attempt used.
  expect(await spring.settled()).toMatchObject({ sent: 2, inDoubt: 1, inDoubtTotal: 1 })
  expect((await again.executionOf("stuck")).state).toBe("sending.inDoubt")
  expect((await again.executionOf("mute")).context).toMatchObject({ outcome: "sent", used: 1, doubts: 0 })
})

test("a killed process leaves in doubt what had an intent, and nothing else", async () => {
  const storage = memoryStorage()
  let isDead = false
  const world = await openCampaign(
    {},
    {
      storage,
      transport: transportOf(
        async (_, { handoff }) => {
          handoff()
          return isDead ? accepted : never
        },
        { maxConcurrency: 4 },
      ),
    },
  )
  await world.spring.enroll(crowd(30))
  while ((await world.spring.stats()).sending < 4) await new Promise(setImmediate)
  storage.kill()
  isDead = true
  const again = await openWorld({ storage })
  const spring = await again.runtime.campaigns.get("spring")
  await spring.close()
  expect(await spring.settled()).toMatchObject({ inDoubt: 4, inDoubtTotal: 4, sent: 26, rendering: 0, sending: 0 })
  expect(again.inbox.count).toBe(26)
})

test("close is idempotent, and everything after it is refused as closed", async () => {
  const { runtime, spring } = await openCampaign()
  const waiting = [spring.completed(), spring.idle().then(() => spring.completed())].map(failureOf)
  await Promise.all([runtime.close(), runtime.close({ deadlineMs: 0 })])
  await runtime.close()
  for (const failure of waiting) expect(await failure).toMatchObject({ _tag: "Closed" })
  for (const call of [
    spring.stats(),
    spring.enroll(people("ann")),
    spring.pause(),
    runtime.health(),
    runtime.campaigns.create(campaign({ id: "other" })),
    runtime.executions.cancel("x"),
    runtime.explain("x"),
  ])
    expect(await failureOf(call)).toMatchObject({ _tag: "Closed" })
})

test("a close answers although executions wait for the transport, the storage and time", async () => {
  const { runtime, spring, until } = await openCampaign(
    { steps: [{ template: "hello" }, { template: "nudge", after: "1 day" }] },
    { transport: transportOf(() => never, { maxConcurrency: 1 }) },
  )
  await spring.enroll(crowd(20))
  await until(reaches("sending.attempting"))
  const settled = failureOf(spring.settled())
  await runtime.close({ deadlineMs: 10 })
  expect(await settled).toMatchObject({ _tag: "Closed" })
})

test("closing during enroll keeps what was acknowledged; giving the leads again goes on", async () => {
  const world = await openCampaign()
  const reading = door()
  const source = async function* () {
    for (const [index, lead] of crowd(2_000).entries()) {
      if (index === 1_100) reading.open()
      if (index % 100 === 0) await new Promise(setImmediate)
      yield lead
    }
  }
  const enrolling = failureOf(world.spring.enroll(source()))
  await reading.opened
  const again = await world.restart()
  expect(await enrolling).toMatchObject({ _tag: "Closed" })
  const spring = await again.runtime.campaigns.get("spring")
  const { planned } = await spring.stats()
  expect(planned).toBeGreaterThanOrEqual(1_000)
  expect(await spring.enroll(crowd(2_000))).toMatchObject({ duplicates: planned, enrolled: 2_000 - planned })
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 2_000 })
})

test("a campaign that was created while its process died is found running", async () => {
  const storage = memoryStorage()
  const world = await openWorld({ storage })
  await world.runtime.campaigns.create(campaign())
  storage.kill()
  const again = await openWorld({ storage })
  expect((await again.runtime.campaigns.get("spring")).status()).toMatchObject({ state: "running", speed: 1 })
  expect(await failureOf(again.runtime.campaigns.get("autumn"))).toMatchObject({ _tag: "NotFound" })
})
