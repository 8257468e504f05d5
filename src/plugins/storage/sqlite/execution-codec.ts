import { buckets } from "../../../sdk/domain/counts.ts"
import type { ExecutionContext, ExecutionRow } from "../../../sdk/domain/execution.ts"
import type { Stored } from "../../../sdk/storage/one-process/records.ts"
import { restingBucket } from "../../../sdk/storage/one-process/totals.ts"
import { isUrgent } from "../../../sdk/storage/rules.ts"
import { checksum } from "./checksum.ts"
import { corrupt } from "./connection.ts"
import type { Shape } from "./shape-table.ts"

/** A row of the table `execution`, as SQLite gives it. */
export interface ExecutionColumns {
  readonly slot: number
  readonly id: string
  readonly shape: number
  readonly enrollment: string
  readonly lead: string
  readonly created_at: number
  readonly updated_at: number
  readonly due_at: number | null
  readonly urgent: number
  readonly bucket: number
  readonly reason: string | null
  readonly body: string
  readonly crc: number
}

/** What `body` holds: everything that is neither searched for nor shared. */
type Body = readonly [
  state: ExecutionRow["state"],
  scheduledFor: number,
  token: number,
  version: number,
  claims: number,
  intent: ExecutionRow["intent"],
  flags: ExecutionRow["flags"],
  context: Omit<ExecutionContext, "id" | "machine" | "timeScale" | "retry">,
]

/** Columns that a change of the row writes. */
export interface Changeable {
  readonly updatedAt: number
  readonly dueAt: number | null
  readonly urgent: 0 | 1
  readonly bucket: number
  readonly attention: number | null
  readonly reason: string | null
  readonly body: string
  readonly crc: number
}

/** Buckets that people ask for, in order; the others are where nearly all rows are, so that a scan finds them. */
export const attentionBuckets: ReadonlySet<number> = new Set(
  (["inDoubt", "failed", "suppressed", "skipped", "cancelled"] as const).map((bucket) => buckets.indexOf(bucket)),
)

const bodyOf = (row: ExecutionRow): string => {
  // JSON leaves out what is undefined. Several times faster than to take the rest of a destructuring.
  const own = { ...row.context, id: undefined, machine: undefined, timeScale: undefined, retry: undefined }
  return JSON.stringify([row.state, row.scheduledFor, row.token, row.version, row.claims, row.intent, row.flags, own])
}

/** The resting row's columns, with their checksum. */
export const encode = ({ row, slot }: Stored, shape: number): Changeable => {
  const body = bodyOf(row)
  const urgent = isUrgent(row) ? 1 : 0
  const bucket = buckets.indexOf(restingBucket(row))
  const reason = row.context.reason?.code ?? null
  return {
    updatedAt: row.updatedAt,
    dueAt: row.dueAt,
    urgent,
    bucket,
    attention: attentionBuckets.has(bucket) ? bucket : null,
    reason,
    body,
    crc: checksum(
      slot,
      row.id,
      shape,
      row.enrollmentId,
      row.leadId,
      row.createdAt,
      row.updatedAt,
      row.dueAt,
      urgent,
      bucket,
      reason,
      body,
    ),
  }
}

/**
 * The row that was encoded.
 *
 * @throws StorageError `corrupt` naming the execution when any column is not what was written.
 */
export const decode = (columns: ExecutionColumns, shapeOf: (ref: number) => Shape, path: string): Stored => {
  const {
    slot,
    id,
    shape: ref,
    enrollment,
    lead,
    created_at,
    updated_at,
    due_at,
    urgent,
    bucket,
    reason,
    body,
  } = columns
  const sum = checksum(slot, id, ref, enrollment, lead, created_at, updated_at, due_at, urgent, bucket, reason, body)
  if (sum !== columns.crc) throw corrupt(path, `Execution ${JSON.stringify(id)} (row ${slot})`)
  const shape = shapeOf(ref)
  const [state, scheduledFor, token, version, claims, intent, flags, context] = JSON.parse(body) as Body
  return {
    slot,
    restDueAt: due_at,
    row: {
      id,
      campaignId: shape.campaignId,
      enrollmentId: enrollment,
      leadId: lead,
      step: shape.step,
      template: shape.template,
      definition: shape.definition,
      state,
      context: { ...context, id, machine: shape.machine, timeScale: shape.timeScale, retry: shape.retry },
      dueAt: due_at,
      scheduledFor,
      createdAt: created_at,
      updatedAt: updated_at,
      token,
      version,
      owner: null,
      leaseUntil: null,
      intent,
      flags,
      claims,
    },
  }
}
