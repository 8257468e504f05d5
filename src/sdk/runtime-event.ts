import type { ExecutionContext, ExecutionState } from "./domain/execution.ts"
import type { ExecutionEvent } from "./domain/execution-event.ts"

/** Something that happened to an execution, durable already. */
export interface ExecutionChanged {
  readonly type: "execution"
  readonly at: number
  readonly campaignId: string
  readonly executionId: string
  readonly step: number
  /** The state after `events`. */
  readonly state: ExecutionState
  /** Ids and numbers only. */
  readonly context: ExecutionContext
  readonly events: ReadonlyArray<ExecutionEvent>
}

/** A campaign's state changed; `cause` says why where it was not asked for. */
export interface CampaignChanged {
  readonly type: "campaign"
  readonly at: number
  readonly campaignId: string
  readonly state: CampaignState
  readonly cause: string | null
}

/** Leads were enrolled: one event for each stored batch. */
export interface LeadsEnrolled {
  readonly type: "enrolled"
  readonly at: number
  readonly campaignId: string
  readonly created: number
  readonly duplicates: number
}

/** This listener was too slow: so many events before this one were not delivered to it. Read the storage to catch up. */
export interface Lagged {
  readonly type: "lagged"
  readonly at: number
  readonly missed: number
}

/** Where the campaign machine stands. `degraded` is paused with a cause. */
export type CampaignState = "draft" | "running" | "paused" | "degraded" | "completed" | "cancelled"

/** What `runtime.events()` and observers see. */
export type RuntimeEvent = ExecutionChanged | CampaignChanged | LeadsEnrolled | Lagged
