import type { ExecutionRow, ExecutionState, Outcome } from "./execution.ts"

/** The columns of the conservation law: each existing execution is in exactly one. */
export const buckets = [
  "scheduled",
  "rendering",
  "sending",
  "inDoubt",
  "retrying",
  "sent",
  "failed",
  "suppressed",
  "skipped",
  "cancelled",
] as const

/** The columns of executions that have not ended. */
export const openBuckets = ["scheduled", "rendering", "sending", "inDoubt", "retrying"] as const

/** One column of the conservation law. */
export type Bucket = (typeof buckets)[number]

/** What happened so far beside where things stand; only grows. */
export interface Tally {
  /** Attempts that were ever in doubt. */
  readonly inDoubtTotal: number
  /** Attempts started after an unknown one: possible second copies. */
  readonly resent: number
  /** Executions that ended as sent without confirmation. */
  readonly unconfirmed: number
}

/**
 * The numbers of a campaign. Always `planned = ` the sum of all {@link buckets}.
 */
export type Counts = Readonly<Record<Bucket, number>> &
  Tally & {
    /** Executions that exist. Grows as sequences go on. */
    readonly planned: number
    readonly enrollments: { readonly active: number; readonly finished: number; readonly ended: number }
  }

/** All zero. */
export const emptyCounts: Counts = {
  planned: 0,
  scheduled: 0,
  rendering: 0,
  sending: 0,
  inDoubt: 0,
  retrying: 0,
  sent: 0,
  failed: 0,
  suppressed: 0,
  skipped: 0,
  cancelled: 0,
  inDoubtTotal: 0,
  resent: 0,
  unconfirmed: 0,
  enrollments: { active: 0, finished: 0, ended: 0 },
}

const resting: Readonly<Record<Exclude<ExecutionState, "done">, Bucket>> = {
  scheduled: "scheduled",
  rendering: "rendering",
  "sending.attempting": "sending",
  "sending.inDoubt": "inDoubt",
  retrying: "retrying",
  cancelled: "cancelled",
}

/** The column of an execution; a lease without an intent shows as `rendering`, since a claim changes no state. */
export const bucketOf = (row: {
  readonly state: ExecutionState
  readonly context: { readonly outcome: Outcome | null }
  readonly owner: string | null
}): Bucket => {
  if (row.state === "done") return row.context.outcome ?? "failed"
  const bucket = resting[row.state]
  return row.owner !== null && (bucket === "scheduled" || bucket === "retrying") ? "rendering" : bucket
}

/** What one execution adds to its campaign's {@link Tally}. */
export const tallyOf = (row: Pick<ExecutionRow, "context">): Tally => ({
  inDoubtTotal: row.context.doubts,
  resent: row.context.resent,
  unconfirmed: row.context.outcome === "sent" && row.context.delivery === "unconfirmed" ? 1 : 0,
})

/** Whether the conservation law holds: a check for tests, `verify` and `health`. */
export const isConserved = (counts: Counts): boolean =>
  counts.planned === buckets.reduce((sum, bucket) => sum + counts[bucket], 0)
