import type { Rejected } from "../transport/outcome.ts"
import type { Reason } from "./reason.ts"

/** Every event carries its instant: the machine reads no clock. */
export interface At {
  /** Epoch ms. */
  readonly at: number
}

/** Events after which a retry may be planned carry the random number for its jitter. */
export interface Jitter {
  /** 0 to 1. */
  readonly jitterUnit: number
}

/** A rejection without the parts that may hold an address. */
export type RejectionFacts = Pick<Rejected, "scope" | "retryable" | "code"> & {
  readonly retryAfterMs?: number
  readonly enhancedCode?: string
  /** The reply with addresses removed. */
  readonly response?: string
}

/** What a late receipt says about an attempt. */
export type LateOutcome =
  | { readonly type: "accepted"; readonly providerId?: string }
  | ({ readonly type: "rejected" } & RejectionFacts)
  | { readonly type: "notCalled" }

/**
 * What happened to an execution (past tense) or is asked of it (imperative). These are the machine's events and, as
 * stored, its history: replaying them gives the same snapshot.
 */
export type ExecutionEvent =
  /** First entry of each history; creates the machine, which gets it as input. `reason` says what it waits for beyond its delay. */
  | ({ readonly type: "SCHEDULED"; readonly dueAt: number; readonly reason?: Reason } & At)
  | ({ readonly type: "DUE" } & At)
  | ({ readonly type: "RETRY_DUE" } & At)
  /**
   * `definition`: content hash of what was rendered, where it is not the one that the row names. `via`: name of the
   * transport that is called, where there are several.
   */
  | ({ readonly type: "RENDERED"; readonly definition?: string; readonly via?: string } & At)
  | ({ readonly type: "FAILED"; readonly retryable: boolean; readonly code: string; readonly text?: string } & At &
      Jitter)
  | ({ readonly type: "ACCEPTED"; readonly providerId?: string; readonly response?: string } & At)
  /** `reroute`: the mail is tried through another transport at once. */
  | ({ readonly type: "REJECTED"; readonly reroute?: boolean } & RejectionFacts & At & Jitter)
  /** The transport was never called; `retryAfterMs` delays the next try. */
  | ({ readonly type: "NOT_CALLED"; readonly code: string; readonly retryAfterMs?: number } & At)
  | ({ readonly type: "UNKNOWN"; readonly stage: string; readonly text?: string } & At)
  | ({
      readonly type: "RESOLVE"
      readonly attempt: number
      readonly verdict: "sent" | "notSent"
      /** Who says so: a person, the campaign's policy, or the transport's answer to a lookup (evidence). */
      readonly by: "user" | "policy" | "lookup" | "idempotency"
    } & At &
      Jitter)
  | ({ readonly type: "LATE_RECEIPT"; readonly attempt: number; readonly outcome: LateOutcome } & At & Jitter)
  /** `exit` and `goal`: an event ended the lead's way through the campaign. */
  | ({ readonly type: "CANCEL"; readonly by: "user" | "campaign" | "exit" | "goal" } & At)
  | ({ readonly type: "SUPPRESS"; readonly code: string } & At)
  /** `next`: index of the step that follows instead of the next one. */
  | ({ readonly type: "SKIP"; readonly code: string; readonly text?: string; readonly next?: number } & At)
  /** Moves the due time of something that waits: by hand, or for a `reason` like a send window that is closed. */
  | ({
      readonly type: "RESCHEDULE"
      readonly dueAt: number
      readonly reason?: Reason
      /** When it was to start, where it is only held up; absent: then. */
      readonly plannedFor?: number
    } & At)
  /** Runs a failed one again; `duplicate` allows it although an attempt is unknown. */
  | ({ readonly type: "REDRIVE"; readonly duplicate: boolean } & At)

/** One entry of an execution's history. */
export interface HistoryEntry {
  /** Position in the storage's change log: rises, may have gaps. */
  readonly seq: number
  readonly executionId: string
  readonly events: ReadonlyArray<ExecutionEvent>
}
