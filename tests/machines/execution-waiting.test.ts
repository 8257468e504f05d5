import { replayExecution, startExecution, stepExecution } from "sendstate/machines"
import { describe, expect, test } from "vitest"
import { at, due, failed, policy, rendered, start } from "./story.ts"

const window = { code: "window", text: "window opens 09:00 Europe/Paris" }

describe("what waits says why", () => {
  test("from the start, and again when it is replayed", () => {
    const planned = startExecution({ id: "e1", retry: policy, dueAt: at + 5, reason: window })
    expect(planned.context).toMatchObject({ dueAt: at + 5, reason: window })
    expect(
      replayExecution({ id: "e1", retry: policy }, [{ type: "SCHEDULED", at, dueAt: at + 5, reason: window }]),
    ).toEqual(planned)
  })

  test("when it is moved, until it is moved by hand", () => {
    const moved = stepExecution(start(), { type: "RESCHEDULE", at, dueAt: at + 5, reason: window })
    expect(moved).toMatchObject({ state: "scheduled", context: { dueAt: at + 5, reason: window, used: 0 } })
    const byHand = stepExecution(moved, { type: "RESCHEDULE", at, dueAt: at + 7 })
    expect(byHand.context).toMatchObject({ dueAt: at + 7, reason: null })
  })

  test("a move by hand keeps in mind why the latest attempt failed", () => {
    const retrying = [due, failed({ retryable: true, code: "busy" })].reduce(
      (rest, event) => ({ ...stepExecution(rest, event) }),
      stepExecution(start(), { type: "RESCHEDULE", at, dueAt: at }),
    )
    const moved = stepExecution(retrying, { type: "RESCHEDULE", at, dueAt: at + 7 })
    expect(moved).toMatchObject({ state: "retrying", context: { reason: { code: "busy" } } })
  })

  test("what was sent does not say what it waited for", () => {
    const sent = [due, rendered, { type: "ACCEPTED", at } as const].reduce(
      (rest, event) => ({ ...stepExecution(rest, event) }),
      stepExecution(start(), { type: "RESCHEDULE", at, dueAt: at, reason: window }),
    )
    expect(sent.context).toMatchObject({ outcome: "sent", reason: null })
  })
})
