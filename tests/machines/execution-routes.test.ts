import { failedInARow, replayExecution } from "sendstate/machines"
import { defineRetryPolicy, type ExecutionEvent } from "sendstate/sdk"
import { expect, test } from "vitest"
import { at, due, follow, policy, rejected, rendered, retryDue, start } from "./story.ts"

const through = (via: string): ExecutionEvent => ({ type: "RENDERED", at, via })
const hostFailed = rejected({ scope: "host", retryable: true, code: "421", retryAfterMs: 60_000, reroute: true })

test("a failed host whose mail goes elsewhere costs neither an attempt nor time, whatever it asks for", () => {
  const moved = follow(start(), due, through("main"), hostFailed)
  expect(moved).toMatchObject({ state: "retrying", context: { dueAt: at, used: 0, via: "main" } })
  const { reroute: _, ...stays } = hostFailed as Extract<ExecutionEvent, { type: "REJECTED" }>
  expect(follow(start(), due, through("main"), stays).context.dueAt).toBe(at + 60_000)
})

test("those that failed it in a row are remembered up to the attempt that is not moved", () => {
  const once = follow(start(), due, through("main"), hostFailed, retryDue)
  expect(failedInARow(once.context)).toEqual(["main"])
  const twice = follow(once, through("second"), hostFailed, retryDue)
  expect(failedInARow(twice.context)).toEqual(["main", "second"])
  const stayed = follow(twice, through("third"), rejected({ retryable: true }), retryDue)
  expect(failedInARow(stayed.context)).toEqual([])
  expect(failedInARow(follow(stayed, through("main"), hostFailed, retryDue).context)).toEqual(["main"])
})

test("a mail that goes elsewhere still ends at the deadline of its retry policy", () => {
  const retry = defineRetryPolicy({ attempts: 3, base: "1 hour", jitter: 0, deadline: "1 minute" })
  const inTime = { ...hostFailed, at: at + 60_000 }
  expect(follow(start(retry), due, through("main"), inTime).state).toBe("retrying")
  expect(follow(start(retry), due, through("main"), { ...inTime, at: at + 60_001 })).toMatchObject({
    state: "done",
    context: { outcome: "failed" },
  })
})

test("a history with several transports replays to the same snapshot; one of before names none", () => {
  const history = [due, through("main"), hostFailed, retryDue, through("second")]
  const begin: ExecutionEvent = { type: "SCHEDULED", at, dueAt: at }
  const { state, context } = follow(start(), ...history)
  expect(replayExecution({ id: "e1", retry: policy }, [begin, ...history])).toEqual({ state, context })
  expect(Object.keys(follow(start(), due, rendered).context)).not.toContain("via")
})
