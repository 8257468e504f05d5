import { type Bucket, bucketOf, buckets, type Counts, type Tally, tallyOf } from "../../domain/counts.ts"
import type { Enrollment, ExecutionRow } from "../../domain/execution.ts"
import type { VerifyReport } from "../driver.ts"

/** The columns that a store keeps for each campaign. */
export const columns = [
  ...buckets,
  "inDoubtTotal",
  "resent",
  "unconfirmed",
  "enrollmentsActive",
  "enrollmentsFinished",
  "enrollmentsEnded",
] as const

export type Column = (typeof columns)[number]

/** A number for each column. */
export type Totals = Record<Column, number>

// Copied whole: two of them are made for each write.
const zeros: Readonly<Totals> = Object.fromEntries(columns.map((column) => [column, 0])) as Totals

export const noTotals = (): Totals => ({ ...zeros })

export const addTotals = (left: Readonly<Totals>, right: Readonly<Totals>): Totals => {
  const sum = noTotals()
  for (const column of columns) sum[column] = left[column] + right[column]
  return sum
}

/** What a check of the store has to say about a campaign's counters, which are `is` and should be what the rows say. */
export const counterProblems = (
  campaignId: string,
  is: Readonly<Totals>,
  should: Readonly<Totals>,
): VerifyReport["problems"] =>
  columns
    .filter((column) => is[column] !== should[column])
    .map((column) => ({
      key: `counts/${campaignId}`,
      problem: `the counter ${column} says ${is[column]}, the rows say ${should[column]}`,
    }))

/** The column of a row as it is without its lease. */
export const restingBucket = (row: ExecutionRow): Bucket =>
  bucketOf({ state: row.state, context: row.context, owner: null })

const tallies: ReadonlyArray<keyof Tally> = ["inDoubtTotal", "resent", "unconfirmed"]

/**
 * Adds to `into` what changes when the row `before` becomes `after` (`null`: is not there). Rows without their lease,
 * since leases are no durable state.
 */
export const countsDelta = (into: Totals, before: ExecutionRow | null, after: ExecutionRow | null): void => {
  if (before !== null) into[restingBucket(before)] -= 1
  if (after !== null) into[restingBucket(after)] += 1
  if (before?.context === after?.context) return
  const was = before === null ? undefined : tallyOf(before)
  const is = after === null ? undefined : tallyOf(after)
  for (const tally of tallies) into[tally] += (is?.[tally] ?? 0) - (was?.[tally] ?? 0)
}

const enrollmentColumns: Readonly<Record<Enrollment["status"], Column>> = {
  active: "enrollmentsActive",
  finished: "enrollmentsFinished",
  ended: "enrollmentsEnded",
}

/** The same for an enrollment's status. */
export const enrollmentDelta = (
  into: Totals,
  before: Enrollment["status"] | null,
  after: Enrollment["status"] | null,
): void => {
  if (before !== null) into[enrollmentColumns[before]] -= 1
  if (after !== null) into[enrollmentColumns[after]] += 1
}

/** The totals as the contract shows them; `rendering` rows are moved from where they rest. */
export const toCounts = (
  totals: Readonly<Totals>,
  leased: { readonly scheduled: number; readonly retrying: number },
): Counts => ({
  planned: buckets.reduce((sum, bucket) => sum + totals[bucket], 0),
  scheduled: totals.scheduled - leased.scheduled,
  rendering: totals.rendering + leased.scheduled + leased.retrying,
  sending: totals.sending,
  inDoubt: totals.inDoubt,
  retrying: totals.retrying - leased.retrying,
  sent: totals.sent,
  failed: totals.failed,
  suppressed: totals.suppressed,
  skipped: totals.skipped,
  cancelled: totals.cancelled,
  inDoubtTotal: totals.inDoubtTotal,
  resent: totals.resent,
  unconfirmed: totals.unconfirmed,
  enrollments: {
    active: totals.enrollmentsActive,
    finished: totals.enrollmentsFinished,
    ended: totals.enrollmentsEnded,
  },
})
