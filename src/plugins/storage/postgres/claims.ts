import type { ExecutionRow } from "../../../sdk/domain/execution.ts"
import type { ClaimRequest, Fence } from "../../../sdk/storage/driver.ts"
import { showPresence, voidDeadLeases } from "./presence.ts"
import { decodeRow, executionColumns } from "./row-codec.ts"
import { nowSql, type Session } from "./session.ts"

/** First ended column: rows from there on refuse claim, renew and release. */
const firstEnded = 5

// A campaign's urgent rows, and the others when it runs. Rows that somebody is claiming or writing right now are passed over.
const dueOf = (session: Session, campaign: string): string => {
  const { schema } = session
  const part = (urgent: boolean, condition: string) =>
    `(SELECT id, due_at FROM ${schema}.execution WHERE ${campaign} AND urgent = ${urgent} AND due_at <= ${nowSql(session, "$1")} ${condition} ORDER BY due_at LIMIT $2::int FOR UPDATE SKIP LOCKED)`
  const runs = `AND campaign IN (SELECT key FROM ${schema}.document WHERE kind = 'campaign' AND state = 'running')`
  return `urgent_ones AS ${part(true, "")}, others AS ${part(false, runs)},
    first AS (SELECT id, due_at FROM (SELECT * FROM urgent_ones UNION ALL SELECT * FROM others) AS found ORDER BY due_at LIMIT $2::int)`
}

/** Leases what is due, earliest first. */
export const claimDue = async (session: Session, request: ClaimRequest): Promise<ReadonlyArray<ExecutionRow>> => {
  const { database, schema, held } = session
  const { campaigns } = request
  // In virtual time nobody is proven dead: processes of a test come and go within one instant.
  if (session.clock === "server") {
    if (!session.owners.has(request.owner)) showPresence(session, request.owner)
    session.owners.add(request.owner)
    await voidDeadLeases(session, request.now)
  }
  const wanted = campaigns === undefined ? "true" : "campaign IN (SELECT json_array_elements_text($5::json))"
  const one = campaigns?.length === 1
  const rows = await database.statement(
    `WITH ${dueOf(session, one ? "campaign = ($5::json ->> 0)" : wanted)}
     UPDATE ${schema}.execution AS e SET token = token + 1, version = version + 1, owner = $3, claims = claims + 1,
       lease_until = ${nowSql(session, "$1")} + $4::bigint, due_at = ${nowSql(session, "$1")} + $4::bigint
     FROM first WHERE e.id = first.id
     RETURNING e.${executionColumns.replaceAll(", ", ", e.")}, first.due_at::float8 AS was_due`,
    [
      request.now,
      request.limit,
      request.owner,
      request.leaseMs,
      ...(campaigns === undefined ? [] : [JSON.stringify(campaigns)]),
    ],
    { writes: true },
  )
  const claimed = [...rows]
    .sort((left, right) => Number(left.was_due) - Number(right.was_due))
    .map((row) => decodeRow(row).row)
  for (const { id, token } of claimed) held.set(id, token)
  return claimed
}

const fencesOf = (fences: ReadonlyArray<Fence>): string =>
  JSON.stringify(fences.map(({ id, token, version }, place) => ({ id, token, version, place })))

const fenceColumns = "(id text, token bigint, version bigint, place integer)"

const answersOf = (fences: ReadonlyArray<Fence>, places: Iterable<unknown>): ReadonlyArray<boolean> => {
  const done = new Set([...places].map(Number))
  return fences.map((_, place) => done.has(place))
}

/** Extends leases, never shortens them. */
export const renew = async (
  session: Session,
  fences: ReadonlyArray<Fence>,
  lease: { readonly until: number; readonly now: number },
): Promise<ReadonlyArray<boolean>> => {
  if (fences.length === 0) return []
  const until = `greatest(e.lease_until, ${nowSql(session, "$2")} + $3::bigint)`
  const rows = await session.database.statement(
    `UPDATE ${session.schema}.execution AS e SET lease_until = ${until}, due_at = ${until}
     FROM json_to_recordset($1::json) AS f ${fenceColumns}
     WHERE e.id = f.id AND e.token = f.token AND e.owner IS NOT NULL AND e.lease_until > ${nowSql(session, "$2")} AND e.bucket < ${firstEnded}
     RETURNING f.place`,
    [fencesOf(fences), lease.now, lease.until - lease.now],
    { writes: true },
  )
  return answersOf(
    fences,
    rows.map(({ place }) => place),
  )
}

/** Gives leases back. */
export const release = async (session: Session, fences: ReadonlyArray<Fence>): Promise<ReadonlyArray<boolean>> => {
  if (fences.length === 0) return []
  const rows = await session.database.statement(
    `UPDATE ${session.schema}.execution AS e SET version = e.version + 1, owner = NULL, lease_until = NULL, due_at = e.rest_due_at, claims = greatest(0, e.claims - 1)
     FROM json_to_recordset($1::json) AS f ${fenceColumns}
     WHERE e.id = f.id AND e.token = f.token AND e.version = f.version AND e.owner IS NOT NULL AND e.bucket < ${firstEnded}
     RETURNING f.place`,
    [fencesOf(fences)],
    { writes: true },
  )
  const answers = answersOf(
    fences,
    rows.map(({ place }) => place),
  )
  for (const [index, { id }] of fences.entries()) if (answers[index] === true) session.held.delete(id)
  if (answers.includes(true)) session.notify()
  return answers
}

/** Gives back whatever this process still holds: it is closing. */
export const releaseAll = async ({ database, schema, held }: Session): Promise<void> => {
  if (held.size === 0) return
  await database.statement(
    `UPDATE ${schema}.execution AS e SET version = e.version + 1, owner = NULL, lease_until = NULL, due_at = e.rest_due_at, claims = greatest(0, e.claims - 1)
     FROM json_to_recordset($1::json) AS f (id text, token bigint)
     WHERE e.id = f.id AND e.token = f.token AND e.owner IS NOT NULL AND e.bucket < ${firstEnded}`,
    [JSON.stringify([...held].map(([id, token]) => ({ id, token })))],
    { writes: true },
  )
  held.clear()
}

/** When there will next be something to claim. */
export const nextDueAt = async (
  { database, schema }: Session,
  campaigns: ReadonlyArray<string> | undefined,
): Promise<number | null> => {
  const wanted = campaigns === undefined ? "true" : "campaign IN (SELECT json_array_elements_text($1::json))"
  const [row] = await database.statement(
    `SELECT least(
       (SELECT min(due_at) FROM ${schema}.execution WHERE ${wanted} AND urgent AND due_at IS NOT NULL),
       (SELECT min(due_at) FROM ${schema}.execution WHERE ${wanted} AND NOT urgent AND due_at IS NOT NULL
          AND campaign IN (SELECT key FROM ${schema}.document WHERE kind = 'campaign' AND state = 'running'))
     )::float8 AS next`,
    campaigns === undefined ? [] : [JSON.stringify(campaigns)],
  )
  return row?.next === null || row === undefined ? null : Number(row.next)
}
