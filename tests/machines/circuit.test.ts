import * as fc from "fast-check"
import { type CircuitEvent, type CircuitRest, circuitMachine, startCircuit, stepCircuit } from "sendstate/machines"
import { describe, expect, test } from "vitest"
import { createActor } from "xstate"
import { getShortestPaths, toDirectedGraph } from "xstate/graph"
import { holds } from "./law.ts"

const succeeded: CircuitEvent = { type: "SUCCEEDED" }
const probeDue: CircuitEvent = { type: "PROBE_DUE" }
const hostFailed = (at = 0, retryAfterMs?: number): CircuitEvent => ({
  type: "HOST_FAILED",
  at,
  cause: "421",
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

const follow = (from: CircuitRest, ...events: ReadonlyArray<CircuitEvent>): CircuitRest =>
  events.reduce(stepCircuit, from)

const closed = startCircuit({ threshold: 2, baseMs: 1_000, capMs: 10_000 })
const open = follow(closed, hostFailed(), hostFailed())
const halfOpen = follow(open, probeDue)

describe("the circuit machine", () => {
  test.each([
    ["closed", closed, succeeded, "closed"],
    ["closed", closed, hostFailed(), "closed"],
    ["closed, one failure before the threshold", follow(closed, hostFailed()), hostFailed(), "open"],
    ["closed", closed, probeDue, "closed"],
    ["open", open, succeeded, "closed"],
    ["open", open, hostFailed(), "open"],
    ["open", open, probeDue, "halfOpen"],
    ["halfOpen", halfOpen, succeeded, "closed"],
    ["halfOpen", halfOpen, hostFailed(), "open"],
    ["halfOpen", halfOpen, probeDue, "halfOpen"],
  ])("%s: %o %o -> %s", (_, from, event, target) => {
    expect(stepCircuit(from, event).state).toBe(target)
  })

  test("a success forgets the failures before it: only failures in a row count", () => {
    const rest = follow(closed, hostFailed(), succeeded, hostFailed())
    expect(rest).toMatchObject({ state: "closed", context: { failures: 1 } })
    expect(follow(halfOpen, succeeded)).toEqual(closed)
  })

  test("each failed probe doubles the wait, up to the cap", () => {
    let rest = open
    const waits = [rest.context.probeAt]
    for (let probe = 0; probe < 5; probe += 1) {
      rest = follow(rest, probeDue, hostFailed(0))
      waits.push(rest.context.probeAt)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  })

  test("the host's wish bounds the wait from below", () => {
    expect(follow(open, probeDue, hostFailed(500, 90_000)).context).toMatchObject({ probeAt: 90_500, cause: "421" })
  })

  test("the probe's instant stays a number after any number of failures", () => {
    let rest = startCircuit({ threshold: 1, baseMs: 0, capMs: 0 })
    for (let count = 0; count < 1_100; count += 1) rest = stepCircuit(rest, hostFailed(7))
    expect(rest.context.probeAt).toBe(7)
  })

  test("driver and full actor agree after every event, and the context is JSON", () => {
    const reached = new Set<string>()
    const anyEvent = fc.oneof(fc.constant(succeeded), fc.constant(probeDue), {
      arbitrary: fc.tuple(fc.nat(1_000_000), fc.option(fc.nat(100_000), { nil: undefined })).map((failure) => {
        return hostFailed(...failure)
      }),
      weight: 4,
    })
    holds(
      fc.property(fc.nat(3), fc.array(anyEvent, { maxLength: 30, size: "max" }), (extra, history) => {
        const input = { threshold: 1 + extra, baseMs: 100, capMs: 5_000 }
        const actor = createActor(circuitMachine, { input }).start()
        let rest = startCircuit(input)
        expect(rest.context).toStrictEqual(actor.getSnapshot().context)
        for (const event of history) {
          actor.send(event)
          rest = stepCircuit(rest, event)
          expect(rest.state).toBe(actor.getSnapshot().value)
          expect(rest.context).toStrictEqual(actor.getSnapshot().context)
          expect(JSON.parse(JSON.stringify(rest.context))).toStrictEqual(rest.context)
          expect(rest.context.probeAt === null).toBe(rest.context.failures === 0)
          reached.add(rest.state)
        }
        actor.stop()
      }),
    )
    expect([...reached].sort()).toEqual(["closed", "halfOpen", "open"])
  })

  test("the defaults of driver and machine are the same", () => {
    expect(startCircuit().context).toStrictEqual(createActor(circuitMachine, { input: {} }).getSnapshot().context)
  })

  test("opens as a graph in which every state has a path", () => {
    expect(toDirectedGraph(circuitMachine).children.map((node) => node.id)).toEqual([
      "circuit.closed",
      "circuit.open",
      "circuit.halfOpen",
    ])
    const paths = getShortestPaths(circuitMachine, {
      input: { threshold: 2 },
      events: [succeeded, hostFailed(), probeDue],
      limit: 1_000,
      serializeState: ({ value, context }) => JSON.stringify([value, Math.min(context.failures, 3)]),
    })
    expect(new Set(paths.map(({ state }) => state.value)).size).toBe(3)
  })
})
