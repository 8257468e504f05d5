import { bucketOf, type ExecutionRow } from "sendstate/sdk"

/** An execution as `list --json` and `export` give it: flat, times as ISO 8601. */
export interface ExecutionObject {
  readonly execution: string
  readonly campaign: string
  readonly lead: string
  /** `null`: the lead was erased. */
  readonly email: string | null
  /** Counted from 1. */
  readonly step: number
  /** Column of the counts. */
  readonly state: string
  readonly attempts: number
  readonly doubts: number
  readonly resent: number
  readonly delivery: string | null
  /** Name of the transport that its latest attempt was given to; `null` where there never was more than one. */
  readonly via: string | null
  readonly reason: string | null
  readonly reasonText: string | null
  readonly scheduledFor: string
  readonly createdAt: string
  readonly updatedAt: string
}

const iso = (at: number): string => new Date(at).toISOString()

/** The row in that shape. */
export const executionObject = (row: ExecutionRow, email: string | undefined): ExecutionObject => ({
  execution: row.id,
  campaign: row.campaignId,
  lead: row.leadId,
  email: email ?? null,
  step: row.step + 1,
  state: bucketOf(row),
  attempts: row.context.attempt,
  doubts: row.context.doubts,
  resent: row.context.resent,
  delivery: row.context.delivery,
  via: row.context.via ?? null,
  reason: row.context.reason?.code ?? null,
  reasonText: row.context.reason?.text ?? null,
  scheduledFor: iso(row.scheduledFor),
  createdAt: iso(row.createdAt),
  updatedAt: iso(row.updatedAt),
})
