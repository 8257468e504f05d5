import { type ExecutionStep, stepExecution } from "sendstate/machines"
import { defineRetryPolicy } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import {
  accepted,
  attempt,
  cancel,
  due,
  failed,
  follow,
  lateReceipt,
  lateRejection,
  nextAttempt,
  notCalled,
  redrive,
  rejected,
  rendered,
  resolve,
  retryDue,
  start,
  unknown,
} from "./story.ts"

const doubt = follow(start(), ...attempt, unknown)
const resent = follow(doubt, resolve(), ...nextAttempt)

const once = defineRetryPolicy({ attempts: 1 })
const lastDoubt = follow(start(once), ...attempt, unknown)

const end = ({ state, context }: ExecutionStep) => ({
  state,
  outcome: context.outcome,
  delivery: context.delivery,
  unknownAttempts: context.unknownAttempts,
})

describe("an attempt whose outcome was never established stays on the execution", () => {
  test("an unknown outcome is counted and listed", () => {
    expect(doubt.context).toMatchObject({ unknownAttempts: [1], doubts: 1, reason: { code: "unknown-final-dot" } })
  })

  test.each([
    ["a permanent rejection of the resend", follow(resent, rejected())],
    ["a mail that can no longer be rendered", follow(doubt, resolve(), retryDue, failed())],
    ["a suppression before the resend", follow(doubt, resolve(), { type: "SUPPRESS", at: 1, code: "unsubscribed" })],
    ["a skip before the resend", follow(doubt, resolve(), { type: "SKIP", at: 1, code: "condition" })],
    ["a cancel while in doubt", follow(doubt, cancel)],
    ["a cancel before the resend", follow(doubt, resolve(), cancel)],
    ["a cancel during the resend that was then rejected", follow(resent, cancel, rejected())],
    ["a person who says not sent, without attempts left", follow(lastDoubt, resolve())],
  ])("%s ends with delivery unknown", (_, step) => {
    expect(end(step)).toMatchObject({ delivery: "unknown", unknownAttempts: [1] })
  })

  test("an outcome unknown after a cancel ends as cancelled with delivery unknown", () => {
    expect(end(follow(start(), ...attempt, cancel, unknown))).toEqual({
      state: "cancelled",
      outcome: null,
      delivery: "unknown",
      unknownAttempts: [1],
    })
  })

  test("a confirmed resend ends as sent, confirmed", () => {
    expect(end(follow(resent, accepted))).toMatchObject({ outcome: "sent", delivery: "confirmed" })
  })

  test("the policy's assumption ends as sent, unconfirmed", () => {
    const step = follow(doubt, resolve({ verdict: "sent", by: "policy" }))
    expect(end(step)).toMatchObject({ outcome: "sent", delivery: "unconfirmed", unknownAttempts: [1] })
    expect(step.context.reason).toEqual({ code: "assumed-sent" })
  })

  test("an opinion does not clear it, a lookup does", () => {
    expect(follow(doubt, resolve({ by: "user" })).context.unknownAttempts).toEqual([1])
    expect(follow(doubt, resolve({ by: "policy" })).context.unknownAttempts).toEqual([1])
    expect(follow(doubt, resolve({ by: "idempotency" })).context.unknownAttempts).toEqual([1])
    expect(follow(doubt, resolve({ by: "lookup" })).context.unknownAttempts).toEqual([])
  })

  test("a lookup about the second unknown attempt leaves the first one", () => {
    const twice = follow(resent, unknown)
    expect(twice.context.unknownAttempts).toEqual([1, 2])
    expect(follow(twice, resolve({ attempt: 2, by: "lookup" })).context.unknownAttempts).toEqual([1])
  })

  test("without doubt, an end that is not sent says nothing about delivery", () => {
    expect(follow(start(), ...attempt, rejected()).context.delivery).toBeNull()
    expect(follow(start(), cancel).context.delivery).toBeNull()
  })
})

describe("out of attempts", () => {
  test("the policy resend leaves the execution in doubt", () => {
    expect(stepExecution(lastDoubt, resolve({ by: "policy" }))).toMatchObject({
      accepted: false,
      state: "sending.inDoubt",
    })
  })

  test("a resend under the provider's key is no verdict either: it stays in doubt", () => {
    expect(stepExecution(lastDoubt, resolve({ by: "idempotency" }))).toMatchObject({
      accepted: false,
      state: "sending.inDoubt",
    })
  })

  test.each(["user", "lookup"] as const)("not sent, says a %s: it fails", (by) => {
    const step = follow(lastDoubt, resolve({ by }))
    expect(end(step)).toMatchObject({ state: "done", outcome: "failed", delivery: by === "user" ? "unknown" : null })
    expect(step.context.reason).toEqual({ code: "no-attempts-left" })
  })

  test("a transient failure or rejection of the last attempt fails it", () => {
    expect(end(follow(start(once), due, failed({ retryable: true })))).toMatchObject({ outcome: "failed" })
    expect(end(follow(start(once), ...attempt, rejected({ retryable: true })))).toMatchObject({ outcome: "failed" })
  })

  test("a late transient rejection of the last attempt fails it, without doubt", () => {
    expect(end(follow(lastDoubt, lateRejection(true)))).toMatchObject({
      outcome: "failed",
      delivery: null,
      unknownAttempts: [],
    })
  })

  test("a late proof that the transport was never called gives the last attempt back", () => {
    const step = follow(lastDoubt, lateReceipt({ type: "notCalled" }))
    expect(step).toMatchObject({ state: "retrying", context: { used: 0, unknownAttempts: [] } })
  })
})

describe("late receipts", () => {
  const waiting = follow(doubt, resolve())

  test.each([
    ["in doubt", doubt],
    ["waiting for the resend", waiting],
    ["rendering the resend", follow(waiting, retryDue)],
    ["sending again", resent],
  ])("an acceptance ends an execution that is %s as sent, without doubt", (_, from) => {
    expect(end(follow(from, lateReceipt({ type: "accepted" })))).toEqual({
      state: "done",
      outcome: "sent",
      delivery: "confirmed",
      unknownAttempts: [],
    })
  })

  test("a rejection of an earlier attempt clears the doubt and changes nothing else", () => {
    const step = follow(resent, lateRejection(false))
    expect(step).toEqual({
      ...resent,
      commands: [],
      context: { ...resent.context, unknownAttempts: [] },
    })
  })

  test("a rejection of another attempt does not decide the one in doubt", () => {
    const twice = follow(resent, unknown)
    expect(follow(twice, lateRejection(false, 1))).toMatchObject({
      state: "sending.inDoubt",
      context: { unknownAttempts: [2] },
    })
    expect(end(follow(twice, lateRejection(false, 2)))).toEqual({
      state: "done",
      outcome: "failed",
      delivery: "unknown",
      unknownAttempts: [1],
    })
  })

  test("a late host rejection uses no attempt", () => {
    const step = follow(lastDoubt, lateReceipt({ type: "rejected", scope: "host", retryable: true, code: "421" }))
    expect(step).toMatchObject({ state: "retrying", context: { used: 0, unknownAttempts: [] } })
  })

  test("in an ended execution it is history only", () => {
    for (const ended of [follow(doubt, cancel), follow(resent, rejected()), follow(resent, accepted)])
      expect(stepExecution(ended, lateReceipt({ type: "accepted" })).accepted).toBe(false)
  })
})

describe("a cancel during a send", () => {
  const asked = follow(start(), ...attempt, cancel)

  test("is remembered and does not send again", () => {
    expect(asked).toMatchObject({ state: "sending.attempting", commands: [], context: { cancelRequested: true } })
  })

  test("comes too late when the mail was accepted", () => {
    expect(end(follow(asked, accepted))).toMatchObject({ outcome: "sent", delivery: "confirmed" })
  })

  test.each([
    ["rejected for good", rejected()],
    ["rejected for now", rejected({ retryable: true })],
    ["not called", notCalled()],
  ])("cancels when the mail was %s", (_, event) => {
    const step = follow(asked, event)
    expect(end(step)).toMatchObject({ state: "cancelled", outcome: null, delivery: null })
    expect(step.context.dueAt).toBeNull()
  })
})

describe("who pays for an attempt", () => {
  test.each([
    ["the transport was never called", notCalled()],
    ["the host refuses", rejected({ scope: "host", retryable: true })],
    ["the host refuses for good", rejected({ scope: "host", retryable: false })],
    ["the configuration is wrong", rejected({ scope: "config", retryable: false })],
  ])("%s: nobody, even with one attempt", (_, event) => {
    let step = follow(start(once), due)
    for (let round = 1; round <= 4; round += 1) {
      step = follow(step, rendered, event)
      expect(step).toMatchObject({ state: "retrying", context: { used: 0, attempt: round } })
      step = follow(step, retryDue)
    }
  })

  test.each(["recipient", "sender"] as const)("a %s rejection: the lead", (scope) => {
    const step = follow(start(), ...attempt, rejected({ scope, retryable: true }))
    expect(step).toMatchObject({ state: "retrying", context: { used: 1, attempt: 1 } })
  })

  test("three attempts mean three calls", () => {
    const again = rejected({ retryable: true })
    const step = follow(start(), ...attempt, again, ...nextAttempt, again, ...nextAttempt, again)
    expect(step).toMatchObject({ state: "done", context: { outcome: "failed", used: 3, attempt: 3 } })
  })
})

describe("redrive", () => {
  const failedOnce = follow(start(once), ...attempt, rejected())

  test("gives a new budget while attempts go on counting", () => {
    const step = follow(failedOnce, redrive(false))
    expect(step).toMatchObject({
      state: "retrying",
      context: { used: 0, attempt: 1, outcome: null, delivery: null, firstAttemptAt: null, cancelRequested: false },
    })
    expect(follow(step, ...nextAttempt).context).toMatchObject({ used: 1, attempt: 2 })
  })

  test("needs the duplicate flag while an attempt is unknown, and keeps the doubt", () => {
    const failedInDoubt = follow(lastDoubt, resolve())
    expect(stepExecution(failedInDoubt, redrive(false)).accepted).toBe(false)
    expect(follow(failedInDoubt, redrive(true)).context).toMatchObject({ unknownAttempts: [1], delivery: null })
  })

  test("after an unknown attempt counts as a possible duplicate", () => {
    const step = follow(lastDoubt, resolve(), redrive(true), ...nextAttempt)
    expect(step.context.resent).toBe(1)
  })

  test("after a resend under the provider's key also counts: the key may have been forgotten since", () => {
    const keyed = follow(doubt, resolve({ by: "idempotency" }), ...nextAttempt)
    expect(keyed.context.resent).toBe(0)
    expect(follow(keyed, rejected(), redrive(true), ...nextAttempt).context.resent).toBe(1)
  })
})

describe("a resend", () => {
  test("renders with the instant of the unknown attempt, so that it has the same bytes", () => {
    const first = follow(start(), { type: "DUE", at: 10 }, rendered, unknown)
    const second = follow(first, resolve(), { type: "RETRY_DUE", at: 99 })
    expect(second.context.renderedAt).toBe(10)
  })

  test("after a rejection renders anew", () => {
    const first = follow(start(), { type: "DUE", at: 10 }, rendered, rejected({ retryable: true }))
    expect(follow(first, { type: "RETRY_DUE", at: 99 }).context.renderedAt).toBe(99)
  })

  test("counts as a possible second copy once the mail is rendered, not before", () => {
    const rendering = follow(doubt, resolve(), retryDue)
    expect(rendering.context.resent).toBe(0)
    expect(follow(rendering, rendered).context.resent).toBe(1)
  })

  test("under a key that the provider knows is no second copy", () => {
    expect(follow(doubt, resolve({ by: "idempotency" }), ...nextAttempt).context.resent).toBe(0)
  })

  test.each([
    ["rejected", rejected({ retryable: true })],
    ["not called", notCalled()],
  ])("under that key that was %s counts again: the next one may come after the provider forgot the key", (_, event) => {
    const step = follow(doubt, resolve({ by: "idempotency" }), ...nextAttempt, event, ...nextAttempt)
    expect(step.context.resent).toBe(1)
  })

  test("is none once a lookup said that nothing was sent", () => {
    expect(follow(doubt, resolve({ by: "lookup" }), ...nextAttempt).context.resent).toBe(0)
  })
})

describe("when it is tried again", () => {
  test("the delay follows the policy", () => {
    const step = follow(start(), ...attempt, rejected({ retryable: true, at: 1_000 }))
    expect(step.context.dueAt).toBe(2_000)
    expect(follow(step, ...nextAttempt, rejected({ retryable: true, at: 1_000 })).context.dueAt).toBe(3_000)
  })

  test("the server's wish bounds the delay from below", () => {
    expect(follow(start(), ...attempt, rejected({ retryable: true, at: 0, retryAfterMs: 90_000 })).context.dueAt).toBe(
      90_000,
    )
    expect(follow(start(), ...attempt, notCalled({ at: 0, retryAfterMs: 700 })).context.dueAt).toBe(700)
  })

  test("nothing is due any more once it ended", () => {
    for (const ended of [follow(start(), cancel), follow(start(), ...attempt, accepted), follow(resent, rejected())])
      expect(ended.context.dueAt).toBeNull()
  })
})
