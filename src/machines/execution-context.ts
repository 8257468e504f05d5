import type { ExecutionContext, ExecutionEvent, Outcome, Reason, RetryPolicy, Round } from "../sdk/index.ts"
import { decideRetry, retryDelayMs } from "../sdk/index.ts"

/** The event with this `type`. */
export type EventOf<Type extends ExecutionEvent["type"]> = Extract<ExecutionEvent, { readonly type: Type }>

/** What an execution starts from. */
export interface ExecutionInput {
  readonly id: string
  readonly retry: RetryPolicy
  /** How much faster campaign time runs than real time; default 1. */
  readonly timeScale?: number
  /** Of a campaign that comes again. */
  readonly round?: Round | undefined
  /** Of a campaign that heeds events: since when they count, epoch ms. */
  readonly enrolledAt?: number | undefined
  /** What the enrollment does not hear although its time does not lie before `enrolledAt`. */
  readonly unheard?: Pick<ExecutionContext, "occasion" | "toldBefore"> | undefined
  /** Of a mail that waits for an event after another mail: since when it counts, epoch ms. */
  readonly awaitsSince?: number | undefined
  /** Epoch ms. */
  readonly dueAt: number
  /** What it waits for beyond its delay. */
  readonly reason?: Reason | undefined
}

type Context = ExecutionContext
type Change = Partial<Context>

export const initialContext = (input: ExecutionInput): Context => ({
  machine: 1,
  id: input.id,
  retry: input.retry,
  timeScale: input.timeScale ?? 1,
  ...(input.round === undefined ? {} : { round: input.round }),
  ...(input.enrolledAt === undefined ? {} : { enrolledAt: input.enrolledAt }),
  ...input.unheard,
  ...(input.awaitsSince === undefined ? {} : { awaitsSince: input.awaitsSince }),
  dueAt: input.dueAt,
  attempt: 0,
  used: 0,
  firstAttemptAt: null,
  renderedAt: null,
  unknownAttempts: [],
  safeResend: false,
  doubts: 0,
  resent: 0,
  cancelRequested: false,
  outcome: null,
  delivery: null,
  reason: input.reason ?? null,
})

// By the first planning it is `dueAt` until the first attempt: only what differs from it is kept.
const plannedBy = (context: Context, { plannedFor, dueAt }: EventOf<"RESCHEDULE">): Change => {
  if (plannedFor !== undefined) return { plannedFor }
  return context.attempt > 0 || context.plannedFor !== undefined ? { plannedFor: dueAt } : {}
}

// Why the latest attempt failed is remembered over a move that gives no reason of its own.
export const moveDueTime = (context: Context, event: EventOf<"RESCHEDULE">): Change => ({
  dueAt: event.dueAt,
  ...plannedBy(context, event),
  reason: event.reason ?? (context.attempt === 0 ? null : context.reason),
})

export const beginAttempt = (context: Context, event: EventOf<"DUE" | "RETRY_DUE">): Change => ({
  attempt: context.attempt + 1,
  used: context.used + 1,
  firstAttemptAt: context.firstAttemptAt ?? event.at,
  renderedAt: context.unknownAttempts.length > 0 ? context.renderedAt : event.at,
  dueAt: null,
})

export const noteRendered = (context: Context, event: EventOf<"RENDERED">): Change => ({
  ...(event.definition === undefined ? {} : { renderedWith: event.definition }),
  ...(event.via === undefined ? {} : { via: event.via }),
  ...(context.unknownAttempts.length > 0 && !context.safeResend ? { resent: context.resent + 1 } : {}),
})

// Host and config troubles are nobody's fault: they use up no attempt.
const isBlameless = (event: EventOf<"REJECTED">): boolean => event.scope === "host" || event.scope === "config"

const usedAfter = (context: Context, event: EventOf<"FAILED" | "REJECTED">): number =>
  event.type === "REJECTED" && isBlameless(event) ? Math.max(0, context.used - 1) : context.used

/** The transports that failed it one after the other, up to the attempt before this one. */
export const failedInARow = ({
  rerouted,
  attempt,
}: Pick<ExecutionContext, "rerouted" | "attempt">): ReadonlyArray<string> =>
  rerouted?.attempt === attempt - 1 ? rerouted.from : []

const goesElsewhere = (event: EventOf<"FAILED" | "REJECTED">): boolean =>
  event.type === "REJECTED" && event.reroute === true

const noteReroute = (context: Context, event: EventOf<"FAILED" | "REJECTED">): Change =>
  goesElsewhere(event) && context.via !== undefined
    ? { rerouted: { attempt: context.attempt, from: [...failedInARow(context), context.via] } }
    : {}

/** When the attempt that this event ended is tried again; `undefined` for never. */
const retryAt = (context: Context, event: EventOf<"FAILED" | "REJECTED">): number | undefined => {
  // Another transport takes it, or the campaign stops for it: then it is due as soon as a person has mended the cause.
  if (event.type === "REJECTED" && event.scope === "config") return event.at
  if (!event.retryable && !(event.type === "REJECTED" && isBlameless(event))) return undefined
  // The wait is for a host that is in trouble; the other one is not.
  const elsewhere = goesElsewhere(event)
  return decideRetry(elsewhere ? { ...context.retry, baseMs: 0 } : context.retry, {
    used: usedAfter(context, event),
    firstAttemptAt: context.firstAttemptAt ?? event.at,
    at: event.at,
    jitterUnit: event.jitterUnit,
    retryAfterMs: event.type === "REJECTED" && !elsewhere ? event.retryAfterMs : undefined,
    timeScale: context.timeScale,
  })
}

export const mayTryAgain = (context: Context, event: EventOf<"FAILED" | "REJECTED">): boolean =>
  retryAt(context, event) !== undefined

const reasonOf = (code: string, text: string | undefined): Reason => (text === undefined ? { code } : { code, text })

const reasonOfFailure = (event: EventOf<"FAILED" | "REJECTED">): Reason =>
  event.type === "FAILED"
    ? reasonOf(event.code, event.text)
    : reasonOf(event.enhancedCode ?? event.code, event.response)

export const planRetry = (context: Context, event: EventOf<"FAILED" | "REJECTED">): Change => ({
  used: usedAfter(context, event),
  // The provider's memory of the key may be over by the time of the next try.
  safeResend: false,
  ...noteReroute(context, event),
  dueAt: retryAt(context, event) ?? event.at,
  reason: reasonOfFailure(event),
})

export const giveBackAttempt = (context: Context, event: EventOf<"NOT_CALLED">): Change => ({
  used: Math.max(0, context.used - 1),
  safeResend: false,
  dueAt: event.at + Math.ceil((event.retryAfterMs ?? 0) / context.timeScale),
  reason: { code: event.code },
})

export const noteDoubt = (context: Context, event: EventOf<"UNKNOWN">): Change => ({
  unknownAttempts: [...context.unknownAttempts, context.attempt],
  safeResend: false,
  doubts: context.doubts + 1,
  reason: reasonOf(`unknown-${event.stage}`, event.text),
})

export const endAs = (context: Context, outcome: Outcome, reason: Reason | null): Change => ({
  outcome,
  reason,
  dueAt: null,
  delivery: outcome === "sent" ? "confirmed" : context.unknownAttempts.length > 0 ? "unknown" : null,
})

export const endAsSkipped = (context: Context, event: EventOf<"SKIP">): Change =>
  endAs(context, "skipped", reasonOf(event.code, event.text))

export const endAsFailed = (context: Context, event: EventOf<"FAILED" | "REJECTED">): Change => ({
  ...endAs(context, "failed", reasonOfFailure(event)),
  used: usedAfter(context, event),
})

export const endAsCancelled = (context: Context): Change => ({
  dueAt: null,
  cancelRequested: true,
  reason: { code: "cancelled" },
  delivery: context.unknownAttempts.length > 0 ? "unknown" : null,
})

// Only evidence settles an unknown attempt; somebody's opinion does not.
const settle = (context: Context, attempt: number): Change => ({
  unknownAttempts: context.unknownAttempts.filter((unknown) => unknown !== attempt),
})

export const settleLate = (context: Context, event: EventOf<"LATE_RECEIPT">): Change => settle(context, event.attempt)

export const resolveAsSent = (context: Context, event: EventOf<"RESOLVE">): Change => ({
  ...endAs(context, "sent", event.by === "policy" ? { code: "assumed-sent" } : null),
  delivery: event.by === "policy" ? "unconfirmed" : "confirmed",
})

// A person who resolves is waiting; a policy gives a server that just lost a reply the time of a retry.
const resumeAt = (context: Context, event: EventOf<"RESOLVE" | "LATE_RECEIPT">): number =>
  event.type === "RESOLVE" && (event.by === "policy" || event.by === "idempotency")
    ? Math.ceil(event.at + retryDelayMs(context.retry, context.used, event.jitterUnit) / context.timeScale)
    : event.at

/** Resolved as not sent, or proven so by a late receipt. */
export const goOn = (context: Context, event: EventOf<"RESOLVE" | "LATE_RECEIPT">): Change => ({
  ...(event.type === "LATE_RECEIPT" || event.by === "lookup" ? settle(context, event.attempt) : {}),
  ...(event.type === "RESOLVE" && event.by === "idempotency" ? { safeResend: true } : {}),
  used:
    event.type === "LATE_RECEIPT" && event.outcome.type === "notCalled" ? Math.max(0, context.used - 1) : context.used,
  dueAt: resumeAt(context, event),
})

const lateRejection = (event: EventOf<"LATE_RECEIPT">): EventOf<"REJECTED"> | undefined =>
  event.outcome.type === "rejected"
    ? { ...event.outcome, type: "REJECTED", at: event.at, jitterUnit: event.jitterUnit }
    : undefined

/** Whether a late receipt leaves something to try: never called, or rejected for now. */
export const lateReceiptAllowsRetry = (context: Context, event: EventOf<"LATE_RECEIPT">): boolean => {
  const rejection = lateRejection(event)
  return rejection === undefined || mayTryAgain(context, rejection)
}

export const applyLateRejection = (context: Context, event: EventOf<"LATE_RECEIPT">): Change => {
  const rejection = lateRejection(event)
  return rejection === undefined
    ? goOn(context, event)
    : { ...planRetry(context, rejection), ...settle(context, event.attempt) }
}

export const failLate = (context: Context, event: EventOf<"LATE_RECEIPT">): Change => {
  const settled = { ...context, ...settle(context, event.attempt) }
  const rejection = lateRejection(event)
  return {
    ...settle(context, event.attempt),
    ...(rejection === undefined ? endAs(settled, "failed", context.reason) : endAsFailed(settled, rejection)),
  }
}

export const restartBudget = ({ round, plannedFor }: Context, event: EventOf<"REDRIVE">): Change => ({
  ...(round === undefined ? {} : { round: { ...round, isRerun: true } }),
  ...(plannedFor === undefined ? {} : { plannedFor: event.at }),
  used: 0,
  safeResend: false,
  firstAttemptAt: null,
  outcome: null,
  delivery: null,
  cancelRequested: false,
  dueAt: event.at,
})
