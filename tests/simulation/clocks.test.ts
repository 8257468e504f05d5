import { expect, test } from "vitest"
import type { Fate } from "../../sim/faults/faults.ts"
import { begin, campaignOn, play, until } from "../../sim/play.ts"

const hour = 3_600_000

test("a clock that is set back after the storage failed stops nothing: the pause is measured on the monotonic clock", async () => {
  let failing = false
  await play({ steps: 2, faults: () => ({ disk: () => (failing ? "refused" : "none") }) }, async (world) => {
    await begin(world)
    await until(world, () => world.server.total === 1)
    const { runtime } = await campaignOn(world)
    // Due in seven minutes of the wall clock; pulled here so that the clock, once set back, has it due soon.
    const next = () => world.durable.rows().find(({ step }) => step === 1)
    await until(world, () => next() !== undefined)
    await runtime.executions.reschedule(next()?.id ?? "", runtime.now() + 1_000)
    failing = true
    await world.time.sleep(2_000)
    failing = false
    world.hosts[0]?.stepClock(-3 * hour)
    world.clockSetBackMs += 3 * hour
    await runtime.executions.reschedule(next()?.id ?? "", runtime.now() + 1_000)
    const resetAt = world.now
    await until(world, () => world.server.total === 2)
    expect(world.now - resetAt).toBeLessThan(60_000)
  })
})

test("a clock that is set back gives a transport that hangs no more time", async () => {
  const fates: Array<Fate | "accepted"> = ["hangsBefore"]
  await play({ faults: () => ({ fate: () => fates.shift() ?? "accepted" }) }, async (world) => {
    await begin(world)
    await until(world, () => fates.length === 0)
    world.hosts[0]?.stepClock(-3 * hour)
    world.clockSetBackMs += 3 * hour
    const resetAt = world.now
    await until(world, () => world.durable.rows().some(({ state }) => state === "retrying"))
    expect(world.now - resetAt).toBeLessThan(60_000)
  })
})

test("a clock that is set back does not stretch the space between two sends", async () => {
  await play({ leads: 3, transport: { maxPerSecond: 0.1 } }, async (world) => {
    await begin(world)
    await until(world, () => world.server.total === 1)
    world.hosts[0]?.stepClock(-3 * hour)
    world.clockSetBackMs += 3 * hour
    const resetAt = world.now
    await until(world, () => world.server.total === 3)
    expect(world.now - resetAt).toBeLessThan(120_000)
  })
})

test("a clock that is set back does not keep the circuit open", async () => {
  let isDown = true
  await play({ leads: 8, faults: () => ({ fate: () => (isDown ? "hostDown" : "accepted") }) }, async (world) => {
    await begin(world)
    const { runtime } = await campaignOn(world)
    let circuit = "closed"
    while (circuit === "closed") {
      await world.time.sleep(1_000)
      circuit = (await runtime.health()).transport.gate.circuit
    }
    world.hosts[0]?.stepClock(-3 * hour)
    world.clockSetBackMs += 3 * hour
    isDown = false
    for (const { id } of world.durable.rows()) await runtime.executions.reschedule(id, runtime.now())
    const resetAt = world.now
    await until(world, () => world.server.total === 8)
    expect(world.now - resetAt).toBeLessThan(10 * 60_000)
  })
})

test("a clock that is set back does not keep a limit empty", async () => {
  await play({ leads: 4, limitPerMinute: 20 }, async (world) => {
    await begin(world)
    await until(world, () => world.server.total === 1)
    const { runtime } = await campaignOn(world)
    world.hosts[0]?.stepClock(-3 * hour)
    world.clockSetBackMs += 3 * hour
    // What was put off waits for its instant, like everything that is planned.
    for (const { id } of world.durable.rows()) await runtime.executions.reschedule(id, runtime.now())
    const resetAt = world.now
    await until(world, () => world.server.total === 4)
    expect(world.now - resetAt).toBeLessThan(60_000)
  })
})
