import { crc32 } from "node:zlib"
import { buckets } from "../../../sdk/domain/counts.ts"
import type { ExecutionRow } from "../../../sdk/domain/execution.ts"
import { StorageError } from "../../../sdk/errors.ts"
import { restingBucket } from "../../../sdk/storage/one-process/totals.ts"
import { isUrgent, type RowEntry } from "../../../sdk/storage/rules.ts"
import type { ResultRow } from "./database.ts"

/** The columns of an execution, as they are asked for. */
export const executionColumns =
  "id, campaign, enrollment, lead, due_at::float8 AS due_at, rest_due_at::float8 AS rest_due_at, token::float8 AS token, version::float8 AS version, owner, lease_until::float8 AS lease_until, claims, created_at::float8 AS created_at, updated_at::float8 AS updated_at, body, crc::float8 AS crc"

type Body = Pick<
  ExecutionRow,
  "step" | "template" | "definition" | "state" | "context" | "scheduledFor" | "intent" | "flags"
>

// What a claim changes is not covered: it is written by the server itself, row by row.
const checksum = (row: ExecutionRow, body: string): number =>
  crc32([row.id, row.campaignId, row.enrollmentId, row.leadId, row.createdAt, row.updatedAt, body].join("\n"))

/** A row as JSON for `json_to_recordset`. */
export const encodeRow = ({ row, restDueAt }: RowEntry) => {
  const { step, template, definition, state, context, scheduledFor, intent, flags } = row
  const body = JSON.stringify({
    step,
    template,
    definition,
    state,
    context,
    scheduledFor,
    intent,
    flags,
  } satisfies Body)
  return {
    id: row.id,
    campaign: row.campaignId,
    enrollment: row.enrollmentId,
    lead: row.leadId,
    bucket: buckets.indexOf(restingBucket(row)),
    urgent: isUrgent(row),
    reason: row.context.reason?.code ?? null,
    due_at: row.dueAt,
    rest_due_at: restDueAt,
    token: row.token,
    version: row.version,
    owner: row.owner,
    lease_until: row.leaseUntil,
    claims: row.claims,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    body,
    crc: checksum(row, body),
  }
}

/** The column list of what {@link encodeRow} gives. */
export const encodedColumns =
  "id text, campaign text, enrollment text, lead text, bucket smallint, urgent boolean, reason text, due_at bigint, rest_due_at bigint, token bigint, version bigint, owner text, lease_until bigint, claims integer, created_at bigint, updated_at bigint, body text, crc bigint"

const corrupt = (id: string): StorageError =>
  new StorageError({
    storage: "postgres",
    code: "corrupt",
    retryable: false,
    indeterminate: false,
    message: `The execution ${id} is not as it was written: its checksum does not fit. Restore it from a backup; "sendstate verify" lists all that are damaged.`,
  })

const optional = (value: unknown): number | null => (value === null ? null : Number(value))

/**
 * A row as it was stored.
 *
 * @throws StorageError `corrupt` when its checksum does not fit.
 */
export const decodeRow = (columns: ResultRow): RowEntry => {
  const body = String(columns.body)
  const bare = {
    id: String(columns.id),
    campaignId: String(columns.campaign),
    enrollmentId: String(columns.enrollment),
    leadId: String(columns.lead),
    dueAt: optional(columns.due_at),
    createdAt: Number(columns.created_at),
    updatedAt: Number(columns.updated_at),
    token: Number(columns.token),
    version: Number(columns.version),
    owner: columns.owner === null ? null : String(columns.owner),
    leaseUntil: optional(columns.lease_until),
    claims: Number(columns.claims),
  }
  if (checksum(bare as ExecutionRow, body) !== columns.crc) throw corrupt(bare.id)
  return { row: { ...bare, ...(JSON.parse(body) as Body) }, restDueAt: optional(columns.rest_due_at) }
}
