import { type ExecutionRest, executionMachine, stepExecution } from "sendstate/machines"
import type { ExecutionEvent } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import {
  accepted,
  at,
  attempt,
  cancel,
  due,
  failed,
  follow,
  lateReceipt,
  lateRejection,
  notCalled,
  redrive,
  rejected,
  rendered,
  resolve,
  retryDue,
  start,
  unknown,
} from "./story.ts"

const events = {
  SCHEDULED: { type: "SCHEDULED", at, dueAt: at },
  DUE: due,
  RETRY_DUE: retryDue,
  RENDERED: rendered,
  "FAILED transient": failed({ retryable: true }),
  "FAILED permanent": failed(),
  ACCEPTED: accepted,
  "REJECTED transient": rejected({ retryable: true }),
  "REJECTED permanent": rejected(),
  "REJECTED host": rejected({ scope: "host" }),
  NOT_CALLED: notCalled(),
  UNKNOWN: unknown,
  "RESOLVE sent": resolve({ verdict: "sent" }),
  "RESOLVE notSent": resolve(),
  "RESOLVE another attempt": resolve({ attempt: 2 }),
  "LATE_RECEIPT accepted": lateReceipt({ type: "accepted" }),
  "LATE_RECEIPT transient": lateRejection(true),
  "LATE_RECEIPT permanent": lateRejection(false),
  "LATE_RECEIPT notCalled": lateReceipt({ type: "notCalled" }),
  CANCEL: cancel,
  SUPPRESS: { type: "SUPPRESS", at, code: "unsubscribed" },
  SKIP: { type: "SKIP", at, code: "condition" },
  RESCHEDULE: { type: "RESCHEDULE", at, dueAt: at + 5 },
  "REDRIVE plain": redrive(false),
  "REDRIVE duplicate": redrive(true),
} as const satisfies Record<string, ExecutionEvent>

type Name = keyof typeof events

const ends = {
  SUPPRESS: "done suppressed",
  SKIP: "done skipped",
  CANCEL: "cancelled",
} as const

const evidence = (here: string) =>
  ({
    "LATE_RECEIPT accepted": "done sent",
    "LATE_RECEIPT transient": here,
    "LATE_RECEIPT permanent": here,
    "LATE_RECEIPT notCalled": here,
  }) as const

const planned = start()
const doubt = follow(planned, ...attempt, unknown)

// DESIGN 4, line by line. What is not listed for a state is refused there.
const table: Record<string, { at: ExecutionRest; to: Partial<Record<Name, string>> }> = {
  scheduled: { at: planned, to: { DUE: "rendering", RESCHEDULE: "scheduled", ...ends } },
  rendering: {
    at: follow(planned, due),
    to: {
      RENDERED: "sending.attempting",
      "FAILED transient": "retrying",
      "FAILED permanent": "done failed",
      ...ends,
      ...evidence("rendering"),
    },
  },
  "sending.attempting": {
    at: follow(planned, ...attempt),
    to: {
      ACCEPTED: "done sent",
      "REJECTED transient": "retrying",
      "REJECTED permanent": "done failed",
      "REJECTED host": "retrying",
      NOT_CALLED: "retrying",
      UNKNOWN: "sending.inDoubt",
      CANCEL: "sending.attempting",
      ...evidence("sending.attempting"),
    },
  },
  "sending.attempting after a cancel": {
    at: follow(planned, ...attempt, cancel),
    to: {
      ACCEPTED: "done sent",
      "REJECTED transient": "cancelled",
      "REJECTED permanent": "cancelled",
      "REJECTED host": "cancelled",
      NOT_CALLED: "cancelled",
      UNKNOWN: "cancelled",
      CANCEL: "sending.attempting",
      ...evidence("sending.attempting"),
    },
  },
  "sending.inDoubt": {
    at: doubt,
    to: {
      "RESOLVE sent": "done sent",
      "RESOLVE notSent": "retrying",
      "LATE_RECEIPT accepted": "done sent",
      "LATE_RECEIPT transient": "retrying",
      "LATE_RECEIPT permanent": "done failed",
      "LATE_RECEIPT notCalled": "retrying",
      CANCEL: "cancelled",
    },
  },
  retrying: {
    at: follow(planned, ...attempt, rejected({ retryable: true })),
    to: { RETRY_DUE: "rendering", RESCHEDULE: "retrying", ...ends, ...evidence("retrying") },
  },
  "done sent": { at: follow(planned, ...attempt, accepted), to: {} },
  "done failed": {
    at: follow(planned, ...attempt, rejected()),
    to: { "REDRIVE plain": "retrying", "REDRIVE duplicate": "retrying" },
  },
  "done failed with an unknown attempt": {
    at: follow(doubt, resolve(), retryDue, failed()),
    to: { "REDRIVE duplicate": "retrying" },
  },
  "done suppressed": { at: follow(planned, events.SUPPRESS), to: {} },
  "done skipped": { at: follow(planned, events.SKIP), to: {} },
  cancelled: { at: follow(planned, cancel), to: {} },
  "cancelled with an unknown attempt": { at: follow(doubt, cancel), to: {} },
}

const place = (rest: ExecutionRest): string =>
  rest.context.outcome === null ? rest.state : `${rest.state} ${rest.context.outcome}`

const cases = Object.entries(table).flatMap(([state, { at: from, to }]) =>
  Object.entries(events).map(([name, event]) => ({ state, from, name, event, target: to[name as Name] ?? "refused" })),
)

describe("the execution machine has exactly the transitions of the design", () => {
  test.each(cases)("$state: $name -> $target", ({ from, event, target }) => {
    const step = stepExecution(from, event)
    expect(step.accepted ? place(step) : "refused").toBe(target)
    if (!step.accepted) expect(step.context).toBe(from.context)
  })

  test("the table names every event that the machine knows, and only those", () => {
    const listed = new Set(Object.values(events).map((event) => event.type))
    listed.delete("SCHEDULED")
    expect([...listed].sort()).toEqual([...executionMachine.events].sort())
  })

  test("it has six states, and sending has two inner ones", () => {
    expect(Object.keys(executionMachine.states).sort()).toEqual([
      "cancelled",
      "done",
      "rendering",
      "retrying",
      "scheduled",
      "sending",
    ])
    expect(Object.keys(executionMachine.states.sending?.states ?? {}).sort()).toEqual(["attempting", "inDoubt"])
  })

  test("only entering rendering asks to render and only entering attempting asks to send", () => {
    for (const { from, event } of cases) {
      const step = stepExecution(from, event)
      const entered = step.accepted && step.state !== from.state ? step.state : "nothing new"
      const wanted = entered === "rendering" ? ["render"] : entered === "sending.attempting" ? ["send"] : []
      expect(step.commands, `${from.state} ${event.type}`).toEqual(wanted)
    }
  })
})
