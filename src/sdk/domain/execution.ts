import type { RetryPolicy } from "../retry-policy.ts"
import type { ExecutionEvent } from "./execution-event.ts"
import type { Reason } from "./reason.ts"

/** Where the execution machine stands; `sending` has two inner states. */
export type ExecutionState =
  | "scheduled"
  | "rendering"
  | "sending.attempting"
  | "sending.inDoubt"
  | "retrying"
  | "done"
  | "cancelled"

/** How a finished execution ended. */
export type Outcome = "sent" | "failed" | "suppressed" | "skipped"

/** One time of a campaign that comes again. */
export interface Round {
  /** Counted from 0. */
  readonly number: number
  /** When it began, epoch ms; names its executions. */
  readonly startedAt: number
  /** Of a mail that was run again by hand, and of what follows it: the next round was planned when it ended first. */
  readonly isRerun?: true
}

/**
 * What the machine remembers. Ids and numbers only, never an address or a lead's data: inspectors show it.
 */
export interface ExecutionContext {
  /** Version of the machine that wrote it. */
  readonly machine: 1
  readonly id: string
  readonly retry: RetryPolicy
  /** How much faster campaign time runs than real time. */
  readonly timeScale: number
  /** Absent in a campaign that comes once. */
  readonly round?: Round
  /** When the lead was enrolled, epoch ms: events count since then. Absent in a campaign that heeds none. */
  readonly enrolledAt?: number
  /** Names the event that enrolled the lead, where its time does not lie before `enrolledAt`: the enrollment does not hear it. */
  readonly occasion?: string
  /** When events last happened that were told before the enrollment, by event; only what does not lie before `enrolledAt`. */
  readonly toldBefore?: { readonly [event: string]: number }
  /** Of a mail that waits for an event after another mail: since when it counts, epoch ms. */
  readonly awaitsSince?: number
  /** When it may start next, epoch ms; `null` while nothing is planned. */
  readonly dueAt: number | null
  /** When it was to start, where a limit or a trouble of the host made `dueAt` later, or it was moved since; else absent. */
  readonly plannedFor?: number
  /** Ordinal of the latest attempt, counted from 1; 0 before the first. */
  readonly attempt: number
  /** Attempts that count against `retry.attempts`; a redrive starts anew. */
  readonly used: number
  /** When the first attempt of the budget began. */
  readonly firstAttemptAt: number | null
  /** The instant that the attempt renders with; an attempt after an unknown one keeps it, so that a resend has the same bytes. */
  readonly renderedAt: number | null
  /** Content hash of the definition that the latest attempt rendered; absent where it is the row's. */
  readonly renderedWith?: string
  /** Name of the transport that the latest attempt called; absent where there never was more than one. */
  readonly via?: string
  /** The latest attempt that another transport was to follow at once, and those that had failed it in a row by then. */
  readonly rerouted?: { readonly attempt: number; readonly from: ReadonlyArray<string> }
  /** Attempts whose outcome was never established. While there is one, only a confirmed `sent` is certain. */
  readonly unknownAttempts: ReadonlyArray<number>
  /** Set while the next attempt repeats an unknown one under a key that the transport deduplicates: no second copy possible. */
  readonly safeResend: boolean
  /** Attempts that were ever in doubt. */
  readonly doubts: number
  /** Attempts started after an unknown one: possible second copies. */
  readonly resent: number
  readonly cancelRequested: boolean
  readonly outcome: Outcome | null
  /** Of an ended execution: `confirmed`, `unconfirmed` (assumed by policy) or `unknown`; `null` when nothing was sent for certain. */
  readonly delivery: "confirmed" | "unconfirmed" | "unknown" | null
  readonly reason: Reason | null
}

/** The durable record that an attempt's transport call may begin. */
export interface Intent {
  readonly attempt: number
  /** When it was committed, epoch ms. */
  readonly at: number
}

/** A wish that waits on a leased row until its owner, or the next claimer, applies it. */
export type Flag = Extract<ExecutionEvent, { type: "CANCEL" | "RESCHEDULE" | "RESOLVE" | "REDRIVE" | "LATE_RECEIPT" }>

/** One step for one enrollment, as stored. */
export interface ExecutionRow {
  /** Deterministic hash of campaign, lead, entry and step; the Message-ID is made of it. */
  readonly id: string
  readonly campaignId: string
  readonly enrollmentId: string
  readonly leadId: string
  /** Index of the step, counted from 0. */
  readonly step: number
  /** Content hash of the template version that it renders. */
  readonly template: string
  /** Content hash of the campaign definition that it follows. */
  readonly definition: string
  readonly state: ExecutionState
  readonly context: ExecutionContext
  /** Epoch ms when it is looked at next: due time, retry time, or end of the lease; `null` when nothing is to be done. */
  readonly dueAt: number | null
  /** The due time as planned, before leases moved `dueAt`. */
  readonly scheduledFor: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Fence: raised by each claim and by each signal that is applied to a row nobody holds. */
  readonly token: number
  /** Raised by each write but the setting of a flag. */
  readonly version: number
  /** Who holds the lease; `null` for nobody. */
  readonly owner: string | null
  readonly leaseUntil: number | null
  /** Set from the intent's commit to the receipt's. */
  readonly intent: Intent | null
  readonly flags: ReadonlyArray<Flag>
  /** Claims since the last progress; a poison execution is ended by it. */
  readonly claims: number
}

/** What makes a new execution; the storage adds the rest. */
export type NewExecution = Pick<
  ExecutionRow,
  | "id"
  | "campaignId"
  | "enrollmentId"
  | "leadId"
  | "step"
  | "template"
  | "definition"
  | "context"
  | "scheduledFor"
  | "createdAt"
>

/** One lead in one campaign. */
export interface Enrollment {
  /** Deterministic hash of campaign, lead and entry. */
  readonly id: string
  readonly campaignId: string
  readonly leadId: string
  /** Tells re-entries apart; `1` for the first. */
  readonly entry: string
  readonly definition: string
  /** `finished` went through all steps; `ended` stopped before. */
  readonly status: "active" | "finished" | "ended"
  readonly createdAt: number
}
