import { assign, setup } from "xstate"
import type { ExecutionContext, ExecutionEvent } from "../sdk/index.ts"
import type { EventOf, ExecutionInput } from "./execution-context.ts"
import * as change from "./execution-context.ts"

type Type = ExecutionEvent["type"]
type Args = { readonly context: ExecutionContext; readonly event: ExecutionEvent }

// Guards and actions are named for one kind of event; the machine calls them for no other.
const on =
  <T extends Type, A>(_types: T | readonly T[], body: (context: ExecutionContext, event: EventOf<T>) => A) =>
  ({ context, event }: Args): A =>
    body(context, event as EventOf<T>)

const update = <T extends Type>(
  types: T | readonly T[],
  body: (context: ExecutionContext, event: EventOf<T>) => Partial<ExecutionContext>,
) => assign<ExecutionContext, ExecutionEvent, undefined, ExecutionEvent, never>(on(types, body))

const failures = ["FAILED", "REJECTED"] as const

const machineSetup = setup({
  types: {
    context: {} as ExecutionContext,
    events: {} as ExecutionEvent,
    input: {} as ExecutionInput,
  },
  guards: {
    mayTryAgain: on(failures, change.mayTryAgain),
    cancelRequested: ({ context }) => context.cancelRequested,
    saysAccepted: on("LATE_RECEIPT", (_, event) => event.outcome.type === "accepted"),
    namesThisAttempt: on(["RESOLVE", "LATE_RECEIPT"], (context, event) => event.attempt === context.attempt),
    decidesForRetry: on(
      "LATE_RECEIPT",
      (context, event) => event.attempt === context.attempt && change.lateReceiptAllowsRetry(context, event),
    ),
    resolvesAsSent: on("RESOLVE", (context, event) => event.attempt === context.attempt && event.verdict === "sent"),
    resolvesForRetry: on(
      "RESOLVE",
      (context, event) => event.attempt === context.attempt && context.used < context.retry.attempts,
    ),
    // Only a person or evidence gives up on mail that may have been delivered: out of attempts, a policy's or a keyed
    // resend leaves it in doubt.
    resolvesAsFailed: on(
      "RESOLVE",
      (context, event) => event.attempt === context.attempt && (event.by === "user" || event.by === "lookup"),
    ),
    mayRedrive: on(
      "REDRIVE",
      (context, event) => context.outcome === "failed" && (event.duplicate || context.unknownAttempts.length === 0),
    ),
  },
  actions: {
    // Commands: the actor that drives the machine carries them out.
    render: () => {},
    send: () => {},
    beginAttempt: update(["DUE", "RETRY_DUE"], change.beginAttempt),
    noteRendered: update("RENDERED", change.noteRendered),
    planRetry: update(failures, change.planRetry),
    giveBackAttempt: update("NOT_CALLED", change.giveBackAttempt),
    noteDoubt: update("UNKNOWN", change.noteDoubt),
    requestCancel: assign({ cancelRequested: true }),
    moveDueTime: update("RESCHEDULE", change.moveDueTime),
    settleLate: update("LATE_RECEIPT", change.settleLate),
    goOn: update("RESOLVE", change.goOn),
    retryLate: update("LATE_RECEIPT", change.applyLateRejection),
    restartBudget: update("REDRIVE", change.restartBudget),
    endAsSent: assign(({ context }) => change.endAs(context, "sent", null)),
    endAsResolved: update("RESOLVE", change.resolveAsSent),
    endAsFailed: update(failures, change.endAsFailed),
    endAsUnresolvable: assign(({ context }) => change.endAs(context, "failed", { code: "no-attempts-left" })),
    endAsLateFailed: update("LATE_RECEIPT", change.failLate),
    endAsSuppressed: update("SUPPRESS", (context, event) => change.endAs(context, "suppressed", { code: event.code })),
    endAsSkipped: update("SKIP", change.endAsSkipped),
    endAsCancelled: assign(({ context }) => change.endAsCancelled(context)),
  },
})

const endBeforeSending = {
  SUPPRESS: { target: "#execution.done", actions: "endAsSuppressed" },
  SKIP: { target: "#execution.done", actions: "endAsSkipped" },
  CANCEL: { target: "#execution.cancelled", actions: "endAsCancelled" },
} as const

// Evidence about an earlier attempt that comes while another one waits or runs.
const lateEvidence = {
  LATE_RECEIPT: [
    { guard: "saysAccepted", target: "#execution.done", actions: ["settleLate", "endAsSent"] },
    { actions: "settleLate" },
  ],
} as const

/**
 * One mail of a campaign to one lead, from planned to ended.
 *
 * Pure: time and randomness come in the events, side effects are the commands `render` and `send`. Delays are no
 * `after` timers (they do not survive a restart): `context.dueAt` says when `DUE` or `RETRY_DUE` is wanted.
 */
export const executionMachine = machineSetup.createMachine({
  id: "execution",
  context: ({ input }) => change.initialContext(input),
  initial: "scheduled",
  states: {
    scheduled: {
      on: {
        DUE: { target: "rendering", actions: "beginAttempt" },
        RESCHEDULE: { actions: "moveDueTime" },
        ...endBeforeSending,
      },
    },
    rendering: {
      entry: "render",
      on: {
        RENDERED: { target: "sending", actions: "noteRendered" },
        FAILED: [
          { guard: "mayTryAgain", target: "retrying", actions: "planRetry" },
          { target: "done", actions: "endAsFailed" },
        ],
        ...endBeforeSending,
        ...lateEvidence,
      },
    },
    sending: {
      initial: "attempting",
      states: {
        attempting: {
          entry: "send",
          on: {
            ACCEPTED: { target: "#execution.done", actions: "endAsSent" },
            REJECTED: [
              { guard: "cancelRequested", target: "#execution.cancelled", actions: "endAsCancelled" },
              { guard: "mayTryAgain", target: "#execution.retrying", actions: "planRetry" },
              { target: "#execution.done", actions: "endAsFailed" },
            ],
            NOT_CALLED: [
              { guard: "cancelRequested", target: "#execution.cancelled", actions: "endAsCancelled" },
              { target: "#execution.retrying", actions: "giveBackAttempt" },
            ],
            UNKNOWN: [
              { guard: "cancelRequested", target: "#execution.cancelled", actions: ["noteDoubt", "endAsCancelled"] },
              { target: "inDoubt", actions: "noteDoubt" },
            ],
            CANCEL: { actions: "requestCancel" },
            ...lateEvidence,
          },
        },
        inDoubt: {
          on: {
            RESOLVE: [
              { guard: "resolvesAsSent", target: "#execution.done", actions: "endAsResolved" },
              { guard: "resolvesForRetry", target: "#execution.retrying", actions: "goOn" },
              { guard: "resolvesAsFailed", target: "#execution.done", actions: ["goOn", "endAsUnresolvable"] },
            ],
            LATE_RECEIPT: [
              { guard: "saysAccepted", target: "#execution.done", actions: ["settleLate", "endAsSent"] },
              { guard: "decidesForRetry", target: "#execution.retrying", actions: "retryLate" },
              { guard: "namesThisAttempt", target: "#execution.done", actions: "endAsLateFailed" },
              { actions: "settleLate" },
            ],
            CANCEL: { target: "#execution.cancelled", actions: "endAsCancelled" },
          },
        },
      },
    },
    retrying: {
      on: {
        RETRY_DUE: { target: "rendering", actions: "beginAttempt" },
        RESCHEDULE: { actions: "moveDueTime" },
        ...endBeforeSending,
        ...lateEvidence,
      },
    },
    done: { on: { REDRIVE: { guard: "mayRedrive", target: "retrying", actions: "restartBudget" } } },
    cancelled: {},
  },
})
