import * as fc from "fast-check"
import {
  type ExecutionRest,
  executionMachine,
  hasEnded,
  replayExecution,
  startExecution,
  stepExecution,
} from "sendstate/machines"
import type { ExecutionContext, ExecutionEvent, ExecutionState } from "sendstate/sdk"
import { anyEventSequence, anyRetryPolicy } from "sendstate/testing"
import { describe, expect, test } from "vitest"
import { createActor } from "xstate"
import { holds } from "./law.ts"
import { at, attempt, follow, nextAttempt, rejected, resolve, start, unknown } from "./story.ts"

const walk = (from: ExecutionRest, history: ReadonlyArray<ExecutionEvent>): ReadonlyArray<ExecutionRest> => {
  const seen: ExecutionRest[] = [from]
  for (const event of history) {
    const { state, context } = stepExecution(seen.at(-1) ?? from, event)
    seen.push({ state, context })
  }
  return seen
}

describe("the in-process driver", () => {
  test("agrees with a full XState actor after every event", () => {
    const reached = new Set<ExecutionState>()
    holds(
      fc.property(anyRetryPolicy, anyEventSequence, (retry, history) => {
        const input = { id: "e1", retry, dueAt: at }
        const actor = createActor(executionMachine, { input }).start()
        let rest: ExecutionRest = startExecution(input)
        for (const event of history) {
          actor.send(event)
          rest = stepExecution(rest, event)
          const snapshot = actor.getSnapshot()
          expect(snapshot.matches(stateValue(rest.state))).toBe(true)
          expect(rest.context).toStrictEqual(snapshot.context)
          reached.add(rest.state)
        }
        actor.stop()
      }),
      { numRuns: 300 },
    )
    expect([...reached].sort()).toEqual([
      "cancelled",
      "done",
      "rendering",
      "retrying",
      "scheduled",
      "sending.attempting",
      "sending.inDoubt",
    ])
  })

  test("asks for the same commands as a full actor", () => {
    holds(
      fc.property(anyRetryPolicy, anyEventSequence, (retry, history) => {
        const input = { id: "e1", retry, dueAt: at }
        const asked: string[] = []
        const machine = executionMachine.provide({
          actions: { render: () => asked.push("render"), send: () => asked.push("send") },
        })
        const actor = createActor(machine, { input }).start()
        const driven: string[] = []
        let rest: ExecutionRest = startExecution(input)
        for (const event of history) {
          actor.send(event)
          const step = stepExecution(rest, event)
          driven.push(...step.commands)
          rest = step
        }
        actor.stop()
        expect(driven).toEqual(asked)
      }),
      { numRuns: 100 },
    )
  })

  test("leaves what it was given untouched", () => {
    holds(
      fc.property(anyRetryPolicy, anyEventSequence, (retry, history) => {
        let rest: ExecutionRest = startExecution({ id: "e1", retry, dueAt: at })
        for (const event of history) {
          const before = JSON.stringify([rest, event])
          const next = stepExecution(rest, event)
          expect(JSON.stringify([{ state: rest.state, context: rest.context }, event])).toBe(before)
          rest = { state: next.state, context: next.context }
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe("replaying a history", () => {
  test("gives the same snapshot, whether refused events are in it or not", () => {
    holds(
      fc.property(anyRetryPolicy, anyEventSequence, (retry, history) => {
        const begin: ExecutionEvent = { type: "SCHEDULED", at, dueAt: at }
        const lived = walk(startExecution({ id: "e1", retry, dueAt: at }), history).at(-1)
        const replayed = replayExecution({ id: "e1", retry }, [begin, ...history])
        expect({ state: replayed.state, context: replayed.context }).toStrictEqual(lived)
        const read = JSON.parse(JSON.stringify([begin, ...history])) as ReadonlyArray<ExecutionEvent>
        const stored = replayExecution({ id: "e1", retry }, read)
        expect({ state: stored.state, context: stored.context }).toStrictEqual(lived)
      }),
      { numRuns: 100 },
    )
  })

  test("starts at the due time of its first entry", () => {
    expect(
      replayExecution({ id: "e1", retry: start().context.retry }, [{ type: "SCHEDULED", at, dueAt: at + 7 }]),
    ).toMatchObject({ state: "scheduled", context: { dueAt: at + 7 } })
  })
})

describe("the laws of every execution", () => {
  test("the context is JSON, and a machine goes on from what was stored", () => {
    holds(
      fc.property(anyRetryPolicy, anyEventSequence, (retry, history) => {
        let live: ExecutionRest = startExecution({ id: "e1", retry, dueAt: at })
        let stored = live
        for (const event of history) {
          live = stepExecution(live, event)
          const next = stepExecution(stored, event)
          stored = { state: next.state, context: JSON.parse(JSON.stringify(next.context)) as ExecutionContext }
          expect(stored.context).toStrictEqual(live.context)
          expect(stored.state).toBe(live.state)
        }
      }),
      { numRuns: 100 },
    )
  })

  test("budget, counters and ends are what they say", () => {
    holds(
      fc.property(anyRetryPolicy, anyEventSequence, (retry, history) => {
        const seen = walk(startExecution({ id: "e1", retry, dueAt: at }), history)
        for (const [index, { state, context }] of seen.entries()) {
          const before = seen[index - 1]?.context ?? context
          expect(context.used).toBeLessThanOrEqual(retry.attempts)
          expect(context.used).toBeGreaterThanOrEqual(0)
          expect(context.attempt).toBeGreaterThanOrEqual(before.attempt)
          expect(context.doubts).toBeGreaterThanOrEqual(before.doubts)
          expect(context.resent).toBeGreaterThanOrEqual(before.resent)
          expect(context.unknownAttempts.length).toBeLessThanOrEqual(context.doubts)
          if (state === "sending.inDoubt") expect(context.unknownAttempts.length).toBeGreaterThan(0)
          expect(context.outcome !== null).toBe(state === "done")
          if (hasEnded(state)) {
            expect(context.dueAt).toBeNull()
            const wanted =
              context.outcome === "sent"
                ? ["confirmed", "unconfirmed"]
                : [context.unknownAttempts.length > 0 ? "unknown" : null]
            expect(wanted).toContain(context.delivery)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  test("the context holds ids, numbers, codes and the reason, and nothing that an event carries beside", () => {
    const canary = "canary-9f2"
    const text = `${canary} <ann@acme.test>`
    const sent = follow(start(), ...attempt, { type: "ACCEPTED", at, providerId: text, response: text })
    expect(JSON.stringify(sent.context)).not.toContain(canary)
    expect(Object.keys(sent.context).sort()).toEqual(contextKeys)
    const told = follow(start(), ...attempt, rejected({ response: "no such mailbox" }))
    expect(Object.keys(told.context).sort()).toEqual(contextKeys)
    expect(told.context.reason).toEqual({ code: "550", text: "no such mailbox" })
  })

  test("commands of one execution never reach another", () => {
    const first = follow(start(), ...attempt)
    const second = stepExecution(follow(start(), ...attempt, unknown), resolve())
    expect(first.commands).toEqual(["send"])
    expect(second.commands).toEqual([])
    expect(follow(second, ...nextAttempt).commands).toEqual(["send"])
  })
})

const stateValue = (state: ExecutionState) => {
  if (state === "sending.attempting") return { sending: "attempting" } as const
  if (state === "sending.inDoubt") return { sending: "inDoubt" } as const
  return state
}

const contextKeys = [
  "attempt",
  "cancelRequested",
  "delivery",
  "doubts",
  "dueAt",
  "firstAttemptAt",
  "id",
  "machine",
  "outcome",
  "reason",
  "renderedAt",
  "resent",
  "retry",
  "safeResend",
  "timeScale",
  "unknownAttempts",
  "used",
]
