import { contentHash, plainSuppressionKey, type Storage, type StorageDriver, type Suppression } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import { expect, test } from "vitest"
import { campaign, failureOf, openCampaign, openWorld, people, renderer } from "./world.ts"

const key = "suppression-".repeat(3)

/** Does something with a store that nobody runs. */
const withDriver = async (storage: Storage, use: (driver: StorageDriver) => unknown): Promise<void> => {
  const driver = await storage.open({ mode: "own", now: () => 0 })
  await use(driver)
  await driver.close()
}

const listOf = async (list: AsyncIterable<Suppression>): Promise<ReadonlyArray<Suppression>> => {
  const all: Suppression[] = []
  for await (const entry of list) all.push(entry)
  return all
}

test("who is suppressed for one topic gets the others, and who for everything gets nothing", async () => {
  const { runtime, inbox } = await openWorld()
  await runtime.suppress("ann@example.test", { topic: "News" })
  await runtime.suppress("bob@example.test")
  for (const [id, topic] of [
    ["n", "news"],
    ["o", "offers"],
    ["r", undefined],
  ] as const) {
    const one = await runtime.campaigns.create(campaign({ id, topic }))
    await one.enroll(people("ann", "bob"))
    await one.close()
    expect(await one.completed()).toMatchObject(topic === "news" ? { suppressed: 2 } : { sent: 1, suppressed: 1 })
  }
  expect(inbox.sent.map(({ message }) => message.to.address)).toEqual(["ann@example.test", "ann@example.test"])
})

test("a suppressed mail is not even rendered when it comes due", async () => {
  let rendered = 0
  const real = renderer()
  const counting = renderer({
    prepare: (compiled) => {
      const prepared = real.prepare(compiled)
      const render: typeof prepared.render = (input) => {
        rendered += 1
        return prepared.render(input)
      }
      return { ...prepared, render }
    },
  })
  const { spring, runtime, executionOf } = await openCampaign({}, { renderer: counting })
  await runtime.suppress("ann@example.test")
  await spring.enroll(people("ann", "bob"))
  await spring.close()
  await spring.completed()
  expect(rendered).toBe(1)
  const { history } = await runtime.explain((await executionOf("ann")).id)
  expect(history.map(({ type }) => type)).toEqual(["SCHEDULED", "DUE", "SUPPRESS"])
})

test("a list that an earlier version stored by plain hashes still suppresses, and can be lifted", async () => {
  const storage = memory()
  await withDriver(storage, (driver) =>
    driver.writeDocuments([
      { kind: "suppression", key: plainSuppressionKey("ann@example.test"), value: { at: 1, reason: "manual" } },
    ]),
  )
  const { spring, runtime, inbox } = await openCampaign({ topic: "news" }, { storage })
  await spring.enroll(people("ann"))
  expect(await spring.settled()).toMatchObject({ suppressed: 1 })
  expect(inbox.count).toBe(0)
  expect(await runtime.suppressions.of("ANN@example.test")).toMatchObject([{ at: 1, reason: "manual", topic: null }])
  expect(await runtime.unsuppress("ann@example.test")).toBe(true)
  expect(await runtime.suppressions.of("ann@example.test")).toEqual([])
})

test("a campaign that an earlier version stored, without a topic, goes on", async () => {
  const world = await openCampaign({ steps: [{ template: "hello", after: "1 hour" }] }, { speed: 36_000 })
  await world.spring.enroll(people("ann"))
  await world.runtime.close()
  await withDriver(world.storage, async (driver) => {
    for (const { key: name, value } of await driver.listDocuments("definition", { limit: 10 })) {
      const { topic: _topic, ...older } = value
      expect(_topic).toBeNull()
      await driver.writeDocuments([{ kind: "definition", key: name, value: older }])
    }
  })
  const again = await world.restart()
  const spring = await again.runtime.campaigns.create(campaign({ steps: [{ template: "hello", after: "1 hour" }] }))
  await spring.close()
  expect(await spring.completed()).toMatchObject({ sent: 1 })
})

test("the list tells when and why, never who, and the same address has another name in another storage", async () => {
  const names = new Set<string>()
  for (let store = 0; store < 2; store += 1) {
    const { runtime } = await openWorld()
    await runtime.suppress("ann@example.test", { reason: "by phone" })
    await runtime.suppress("ann@example.test", { topic: "news" })
    await runtime.suppress("ann@example.test", { reason: "again" })
    const list = await listOf(runtime.suppressions.list())
    expect(list.map(({ reason, topic }) => [topic, reason]).sort()).toEqual([
      [null, "by phone"],
      ["news", "manual"],
    ])
    expect(JSON.stringify(list)).not.toMatch(/ann|example/)
    expect(JSON.stringify(list)).not.toContain(contentHash("ann@example.test"))
    for (const entry of list) names.add(entry.key)
  }
  expect(names.size).toBe(4)
})

test("with a key of the host the list is worth nothing without it, and no other key is taken for it", async () => {
  const storage = memory()
  const world = await openWorld({ storage, suppressionKey: key })
  await world.runtime.suppress("ann@example.test")
  await world.runtime.close()
  await withDriver(storage, async (driver) => {
    expect(JSON.stringify(await driver.listDocuments("secret", { limit: 10 }))).not.toContain(
      Buffer.from(key).toString("base64").slice(0, 20),
    )
  })
  for (const other of [undefined, "x".repeat(32)])
    expect(
      await failureOf(openWorld({ storage, ...(other === undefined ? {} : { suppressionKey: other }) })),
    ).toMatchObject({ _tag: "InvalidInput", code: "suppression-key-missing" })
  const again = await openWorld({ storage, suppressionKey: key })
  const spring = await again.runtime.campaigns.create(campaign())
  await spring.enroll(people("ann"))
  expect(await spring.settled()).toMatchObject({ suppressed: 1 })
})

test("a key that comes too late or is too short is refused: what is suppressed would be lost", async () => {
  const storage = memory()
  const world = await openWorld({ storage })
  await world.runtime.close()
  expect(await failureOf(openWorld({ storage, suppressionKey: key }))).toMatchObject({ code: "suppression-key-late" })
  expect(await failureOf(openWorld({ suppressionKey: "short" }))).toMatchObject({ code: "suppression-key-short" })
  expect(await failureOf(openWorld({ signingKeys: ["short"] }))).toMatchObject({ code: "signing-key" })
})

test("topics and reasons that are none are refused", async () => {
  const { runtime } = await openWorld()
  for (const topic of ["", "a b", "-a", "a..b", "a@b", "é", "x".repeat(101)])
    expect(await failureOf(runtime.suppress("ann@example.test", { topic }))).toMatchObject({ _tag: "InvalidInput" })
  expect(await failureOf(runtime.suppress("ann@example.test", { reason: "" }))).toMatchObject({ _tag: "InvalidInput" })
  expect(await listOf(runtime.suppressions.list())).toEqual([])
})
