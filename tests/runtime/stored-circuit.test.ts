import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createRuntime, openStore } from "sendstate"
import { Sendstate } from "sendstate/effect"
import type { SendOutcome, Storage, StorageDriver } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { sqlite } from "sendstate/storage/sqlite"
import { memory as memoryTransport } from "sendstate/transport/memory"
import { test } from "vitest"
import { sendstate } from "../cli/command.ts"
import { advance, advanceUntil } from "./virtual-time.ts"
import { accepted, campaign, crowd, down, renderer, temporaryFolder } from "./world.ts"

/** One store that several runtimes open, at once or one after the other. */
const kept = (processes: "one" | "many"): Storage => {
  const real = memoryStorage()
  let driver: StorageDriver | undefined
  return {
    ...real,
    capabilities: { ...real.capabilities, processes, control: false },
    open: async (options) => {
      driver ??= await real.open(options)
      return { ...driver, close: () => {} }
    },
  }
}

const open = (storage: Storage, outcome: () => SendOutcome) =>
  Effect.map(
    Layer.build(
      Layer.fresh(Sendstate.layer({ storage, transport: memoryTransport({ outcome }), renderer: renderer() })),
    ),
    (services) => Context.get(services, Sendstate),
  )

it.effect("a restart does not forget that the host is down: it is probed when it would have been, not stormed", () => {
  const storage = kept("one")
  let calls = 0
  const outcome = (): SendOutcome => {
    calls += 1
    return down
  }
  return Effect.gen(function* () {
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { create } = yield* open(storage, outcome)
        const spring = yield* create(campaign())
        yield* spring.enroll(crowd(100))
        // Long enough that probes are a minute apart.
        yield* advance(200_000, 1_000)
      }),
    )
    const before = calls
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { health } = yield* open(storage, outcome)
        const { gate } = (yield* health).transport
        expect(gate).toMatchObject({ circuit: "open", cause: "connection-refused" })
        yield* advance(60_000, 1_000)
        expect(calls - before).toBeLessThanOrEqual(2)
        yield* advance(60_000, 1_000)
        expect(calls - before).toBeGreaterThanOrEqual(1)
      }),
    )
  })
})

it.effect("processes of one store learn from each other that the host is down, and that it is back", () => {
  const storage = kept("many")
  const calls = { one: 0, other: 0 }
  let answer = down
  const outcome = (name: keyof typeof calls) => (): SendOutcome => {
    calls[name] += 1
    return answer
  }
  return Effect.gen(function* () {
    const one = yield* open(storage, outcome("one"))
    const other = yield* open(storage, outcome("other"))
    const circuitOf = ({ health }: typeof one) => Effect.map(health, ({ transport }) => transport.gate.circuit)
    const spring = yield* one.create(campaign())
    // The other process joins in the campaign when it sees it: both meet the same host.
    yield* spring.enroll(crowd(50))
    yield* advanceUntil(Effect.map(circuitOf(one), (circuit) => circuit !== "closed"))
    yield* advance(3_000, 100)
    expect(yield* circuitOf(other)).not.toBe("closed")
    expect(calls.one + calls.other).toBeLessThan(25)
    answer = accepted
    yield* advanceUntil(
      Effect.map(spring.stats, ({ sent }) => sent === 50),
      { stepMs: 500 },
    )
    yield* advance(3_000, 500)
    expect(yield* circuitOf(one)).toBe("closed")
    expect(yield* circuitOf(other)).toBe("closed")
  }).pipe(Effect.scoped)
})

test("who looks at the store is told that the circuit is open, why, and until when", async () => {
  const file = join(temporaryFolder(), "campaign.db")
  const runtime = await createRuntime({
    storage: sqlite(file),
    transport: memoryTransport({ outcome: () => down }),
    renderer: renderer(),
  })
  const spring = await runtime.campaigns.create(campaign())
  await spring.enroll(crowd(20))
  const later = await runtime.campaigns.create(
    campaign({ id: "later", steps: [{ template: "hello", after: "1 week" }] }),
  )
  await later.enroll(crowd(1))
  await expect.poll(async () => (await runtime.health()).transport.gate.circuit).toBe("open")
  await runtime.close()
  const store = await openStore(sqlite(file))
  const circuits = await store.circuits()
  const summaries: Array<string> = []
  for await (const { id } of store.executions({ campaignId: "spring" }))
    summaries.push((await store.explain(id)).summary)
  for await (const { id } of store.executions({ campaignId: "later" }))
    expect((await store.explain(id)).summary).not.toContain("circuit")
  await store.close()
  const until = new Date(circuits[0]?.until ?? 0).toISOString()
  // Those that were tried, and those that stand in line behind them.
  expect(new Set(summaries.map((summary) => summary.split(" ")[0]))).toEqual(new Set(["attempt", "scheduled"]))
  for (const summary of summaries)
    expect(summary.endsWith(`; memory: circuit open until ${until} (connection-refused)`), summary).toBe(true)
  expect(circuits).toMatchObject([{ transport: "memory", cause: "connection-refused" }])
  expect(circuits[0]?.until).toBeTypeOf("number")
  const shown = await sendstate(temporaryFolder(), ["status", "--db", file])
  expect(shown.stdout).toMatch(/memory {2}circuit open until \d{4}-.*: connection-refused/)
})
