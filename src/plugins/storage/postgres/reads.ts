// Real time: a server is asked again in it.
import { setTimeout as sleep } from "node:timers/promises"
import { buckets } from "../../../sdk/domain/counts.ts"
import type { Enrollment, ExecutionRow } from "../../../sdk/domain/execution.ts"
import type { HistoryEntry } from "../../../sdk/domain/execution-event.ts"
import type { Changes, ListQuery } from "../../../sdk/storage/driver.ts"
import type { ResultRow } from "./database.ts"
import { decodeRow, executionColumns } from "./row-codec.ts"
import { placesEach } from "./schema.ts"
import type { Session } from "./session.ts"

/** Rows by id, in the order asked. */
export const get = async (
  { database, schema }: Session,
  ids: ReadonlyArray<string>,
): Promise<ReadonlyArray<ExecutionRow | undefined>> => {
  if (ids.length === 0) return []
  const rows = await database.statement(
    `SELECT ${executionColumns} FROM ${schema}.execution WHERE id IN (SELECT json_array_elements_text($1::json))`,
    [JSON.stringify(ids)],
  )
  const found = new Map(rows.map((row) => [String(row.id), decodeRow(row).row]))
  return ids.map((id) => found.get(id))
}

// A lease without an intent shows as `rendering`.
const shownBucket = "(CASE WHEN owner IS NOT NULL AND bucket IN (0, 4) THEN 1 ELSE bucket END)"

/** A page by id. */
export const list = async ({ database, schema }: Session, query: ListQuery): Promise<ReadonlyArray<ExecutionRow>> => {
  const parameters: Array<unknown> = []
  const conditions: Array<string> = []
  const where = (value: unknown, condition: (parameter: string) => string): void => {
    if (value === undefined) return
    parameters.push(value)
    conditions.push(condition(`$${parameters.length}`))
  }
  where(query.campaignId, (parameter) => `campaign = ${parameter}`)
  where(query.leadId, (parameter) => `lead = ${parameter}`)
  where(query.after, (parameter) => `id > ${parameter}`)
  where(query.reason, (parameter) => `reason = ${parameter}`)
  where(
    query.buckets && JSON.stringify(query.buckets.map((bucket) => buckets.indexOf(bucket))),
    (parameter) => `${shownBucket} IN (SELECT value::int FROM json_array_elements_text(${parameter}::json))`,
  )
  parameters.push(Math.max(1, Math.min(1_000, Math.floor(query.limit))))
  const rows = await database.statement(
    `SELECT ${executionColumns} FROM ${schema}.execution ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`} ORDER BY id LIMIT $${parameters.length}::int`,
    parameters,
  )
  return rows.map((row) => decodeRow(row).row)
}

const entryOf = (row: ResultRow): HistoryEntry => ({
  seq: Number(row.place),
  executionId: String(row.execution),
  events: JSON.parse(String(row.events)) as HistoryEntry["events"],
})

/** What happened to one execution. */
export const history = async ({ database, schema }: Session, id: string): Promise<ReadonlyArray<HistoryEntry>> => {
  const rows = await database.statement(
    `SELECT place::float8 AS place, execution, events FROM ${schema}.history WHERE execution = $1 ORDER BY place`,
    [id],
  )
  return rows.map(entryOf)
}

/** How often, and with which pause, a log is looked at again whose end is held back by a transaction under way. */
const looks = 200
const pauseMs = 5

/**
 * The change log. A place is made of its transaction's number, and only places of transactions that have all ended are
 * given out: none can turn up later before one that was seen. What was acknowledged is waited for, up to a second.
 */
export const changes = async ({ database, schema }: Session, since: number, limit: number): Promise<Changes> => {
  const most = Math.max(1, limit)
  for (let look = 1; ; look += 1) {
    const rows = await database.statement(
      `SELECT place::float8 AS place, execution, events,
         place < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - (SELECT base FROM ${schema}.store)) * ${placesEach} AS is_safe
       FROM ${schema}.history WHERE place > $1::bigint ORDER BY place LIMIT $2::int`,
      [since, most],
    )
    const safe = rows.filter(({ is_safe }) => is_safe === true)
    if (safe.length === rows.length || look >= looks) {
      const entries = safe.map(entryOf)
      return { entries, next: entries.at(-1)?.seq ?? since }
    }
    await sleep(pauseMs)
  }
}

/** Enrollments by id, in the order asked. */
export const enrollments = async (
  { database, schema }: Session,
  ids: ReadonlyArray<string>,
): Promise<ReadonlyArray<Enrollment | undefined>> => {
  if (ids.length === 0) return []
  const rows = await database.statement(
    `SELECT id, campaign, lead, entry, definition, status, created_at::float8 AS created_at FROM ${schema}.enrollment WHERE id IN (SELECT json_array_elements_text($1::json))`,
    [JSON.stringify(ids)],
  )
  const found = new Map(
    rows.map((row): [string, Enrollment] => [
      String(row.id),
      {
        id: String(row.id),
        campaignId: String(row.campaign),
        leadId: String(row.lead),
        entry: String(row.entry),
        definition: String(row.definition),
        status: row.status as Enrollment["status"],
        createdAt: Number(row.created_at),
      },
    ]),
  )
  return ids.map((id) => found.get(id))
}
