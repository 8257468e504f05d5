import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type {
  ExecutionEvent,
  ExecutionRow,
  FeedbackType,
  HistoryEntry,
  LateOutcome,
  Reason,
  StorageError,
} from "../../sdk/index.ts"
import { zoneFor } from "../calendar/zone.ts"
import { loadDefinition } from "../campaign/definition.ts"
import { type CampaignRecord, followed, readRecord } from "../campaign/record.ts"
import { closedUntil } from "../campaign/timing.ts"
import type { Store } from "../store.ts"
import { storedOpenCircuits } from "../stored-circuit.ts"
import { readLead } from "../stored-lead.ts"
import { type HeardFeedback, mailRecord, readFeedbackRecord } from "./feedback-record.ts"

/** One line of an explanation. */
export interface ExplainedEvent {
  /** Epoch ms. */
  readonly at: number
  readonly type: ExecutionEvent["type"]
  /** What happened, in a sentence. */
  readonly text: string
  readonly event: ExecutionEvent
}

/** One thing that came back about the mail. */
export interface ExplainedFeedback {
  /** Epoch ms. */
  readonly at: number
  readonly type: FeedbackType
  /** What it was, in a sentence. */
  readonly text: string
}

/** Why an execution stands where it stands. */
export interface Explanation {
  readonly execution: ExecutionRow
  /** Oldest first. */
  readonly history: ReadonlyArray<ExplainedEvent>
  /** What came back about the mail, oldest first; the latest 100. */
  readonly feedback: ReadonlyArray<ExplainedFeedback>
  /** Where it stands now and what it waits for, in a sentence. */
  readonly summary: string
}

const feedbackText = ({ type, kind, code }: HeardFeedback): string => {
  const detail = code === undefined ? "" : ` (${code})`
  switch (type) {
    case "delivered":
      return "reported as delivered"
    case "deferred":
      return `a server on the way still tries${detail}`
    case "bounced":
      return `bounced ${kind === "hard" ? "for good" : "for now"}${detail}`
    case "complained":
      return "the recipient called it spam"
    case "opened":
      return "opened"
    case "clicked":
      return "a link was clicked"
    case "replied":
      return "answered by the recipient"
    case "unsubscribed":
      return "the recipient unsubscribed"
  }
}

const iso = (at: number): string => new Date(at).toISOString()

const quoted = (text: string | undefined): string => (text === undefined ? "" : `: ${JSON.stringify(text)}`)

const because = (reason: Reason | null | undefined): string =>
  reason === null || reason === undefined ? "" : `, waiting: ${reason.text ?? reason.code}`

const lateText = (outcome: LateOutcome): string => {
  switch (outcome.type) {
    case "accepted":
      return "it was accepted"
    case "rejected":
      return `it was rejected (${outcome.code})${quoted(outcome.response)}`
    case "notCalled":
      return "the transport was never called"
  }
}

const textOf = (event: ExecutionEvent): string => {
  switch (event.type) {
    case "SCHEDULED":
      return `planned for ${iso(event.dueAt)}${because(event.reason)}`
    case "DUE":
      return "due: rendering begins"
    case "RETRY_DUE":
      return "due again: rendering begins"
    case "RENDERED":
      return `rendered; intent stored, the transport${event.via === undefined ? "" : ` "${event.via}"`} may be called`
    case "FAILED":
      return `rendering failed (${event.code})${quoted(event.text)}`
    case "ACCEPTED":
      return `accepted by the transport${quoted(event.response)}`
    case "REJECTED":
      return `rejected ${event.retryable ? "for now" : "for good"} (${event.scope}, ${event.enhancedCode ?? event.code})${quoted(event.response)}${event.reroute === true ? "; another transport is tried at once" : ""}`
    case "NOT_CALLED":
      return `the transport was not called (${event.code})`
    case "UNKNOWN":
      return `in doubt (${event.stage})${quoted(event.text)}: the mail may have been delivered`
    case "RESOLVE":
      return `doubt about attempt ${event.attempt} resolved as ${event.verdict === "sent" ? "sent" : "not sent"} by ${event.by}`
    case "LATE_RECEIPT":
      return `late evidence about attempt ${event.attempt}: ${lateText(event.outcome)}`
    case "CANCEL":
      return `cancel asked for by ${event.by}`
    case "SUPPRESS":
      return `suppressed (${event.code})`
    case "SKIP":
      return `skipped (${event.code})${quoted(event.text)}`
    case "RESCHEDULE":
      return `moved to ${iso(event.dueAt)}${because(event.reason)}`
    case "REDRIVE":
      return `run again by hand${event.duplicate ? ", a second copy accepted" : ""}`
  }
}

const summaryOf = (row: ExecutionRow, closed: Reason | undefined): string => {
  const { context } = row
  const why = context.reason === null ? "" : ` (${context.reason.code}${quoted(context.reason.text)})`
  const doubt = context.delivery === "unknown" ? "; an earlier attempt may have been delivered all the same" : ""
  switch (row.state) {
    case "scheduled":
      return `scheduled for ${iso(row.scheduledFor)}${because(closed ?? context.reason)}`
    case "rendering":
      return "rendering"
    case "sending.attempting":
      return `attempt ${context.attempt} is under way`
    case "sending.inDoubt":
      return `in doubt about attempt ${context.attempt}${why}; resolve it as sent or as not sent`
    case "retrying":
      return `attempt ${context.attempt + 1} is planned for ${iso(row.scheduledFor)}${why}`
    case "done":
      return `${context.outcome} after ${context.attempt} ${context.attempt === 1 ? "attempt" : "attempts"}${context.delivery === "unconfirmed" ? ", unconfirmed" : ""}${why}${doubt}`
    case "cancelled":
      return `cancelled${doubt}`
  }
}

const explained = (
  execution: ExecutionRow,
  history: ReadonlyArray<HistoryEntry>,
  heard: ReadonlyArray<HeardFeedback>,
  {
    inLine,
    held,
    closed,
  }: { readonly inLine: string | undefined; readonly held: string | undefined; readonly closed: Reason | undefined },
): Explanation => ({
  execution,
  history: history
    .flatMap((entry) => entry.events)
    .map((event) => ({ at: event.at, type: event.type, text: textOf(event), event })),
  feedback: heard
    .map((one) => ({ at: one.at, type: one.type, text: feedbackText(one) }))
    .sort((one, other) => one.at - other.at),
  summary:
    held !== undefined
      ? `${summaryOf(execution, closed)}; ${held}`
      : inLine === undefined
        ? summaryOf(execution, closed)
        : `due, waiting: ${inLine}`,
})

const waits = ({ state }: ExecutionRow): boolean => state === "scheduled" || state === "retrying"

/** What keeps all mails of a campaign from starting; `undefined` for nothing. */
const whyHeld = ({ rest: { state, context } }: CampaignRecord): string | undefined => {
  switch (state) {
    case "draft":
      return "the campaign is a draft: start it"
    case "paused":
      return "the campaign is paused: resume it"
    case "degraded":
      return `the campaign stopped by itself${quoted(context.cause ?? undefined)}: remove the cause and resume it`
    default:
      return undefined
  }
}

/** Why a mail that was moved out of its sending hours does not leave then; `undefined` for one that does, or says so itself. */
const whyClosed = (
  store: Store["Service"],
  record: CampaignRecord,
  row: ExecutionRow,
): Effect.Effect<Reason | undefined, StorageError> =>
  Effect.gen(function* () {
    if (row.state !== "scheduled" || row.context.reason?.code === "window") return undefined
    const { definition } = yield* loadDefinition(store, followed(record, row.definition))
    const lead = yield* readLead({ store }, row.leadId)
    const timing = { definition, clock: record.clock, zone: zoneFor(definition, lead) }
    return closedUntil(timing, row.scheduledFor)?.reason
    // One that is gone from the storage is told by whoever wants to send by it.
  }).pipe(Effect.catchTag("NotFound", () => Effect.succeed(undefined)))

/** Which servers are out that a mail that waits is meant for, as far as the store tells; `undefined` for none. */
const whyOut = (store: Store["Service"], row: ExecutionRow): Effect.Effect<string | undefined, StorageError> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const open = yield* storedOpenCircuits({ store })
    // A mail of next week has nothing to do with it.
    const inTheWay = open.filter(({ until }) => row.scheduledFor <= Math.max(now, until ?? now))
    if (inTheWay.length === 0) return undefined
    return inTheWay
      .map(({ transport, until, cause }) => {
        const time = until === null ? "" : ` until ${iso(until)}`
        return `${transport}: circuit open${time}${cause === null ? "" : ` (${cause})`}`
      })
      .join("; ")
  })

/**
 * The causal chain of one execution, from its row, its history and what came back about it; `inLine` says why it stands
 * in line in this process.
 */
export const explainExecution = (
  store: Store["Service"],
  row: ExecutionRow,
  inLine?: string,
): Effect.Effect<Explanation, StorageError> =>
  Effect.gen(function* () {
    const history = yield* store.use((driver) => driver.history(row.id))
    const record = waits(row) ? yield* readRecord(store, row.campaignId) : undefined
    const held =
      record === undefined
        ? undefined
        : (whyHeld(record) ?? (inLine === undefined ? yield* whyOut(store, row) : undefined))
    const closed = record === undefined ? undefined : yield* whyClosed(store, record, row)
    return explained(row, history, yield* readFeedbackRecord({ store }, mailRecord(row.id)), { inLine, held, closed })
  })
