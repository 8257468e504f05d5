import * as Effect from "effect/Effect"
import { buckets } from "../../../sdk/domain/counts.ts"
import { StorageError } from "../../../sdk/errors.ts"
import type { VerifyReport } from "../../../sdk/storage/driver.ts"
import { counterProblems, countsDelta, noTotals, type Totals } from "../../../sdk/storage/one-process/totals.ts"
import { isEnded } from "../../../sdk/storage/rules.ts"
import type { Query } from "./database.ts"
import { decodeRow, encodeRow, executionColumns } from "./row-codec.ts"
import type { Session } from "./session.ts"
import { addTotals, summedColumns, totalsOf } from "./totals.ts"

const pageSize = 1_000

type Problem = VerifyReport["problems"][number]

const auditRows = (query: Query, schema: string, problems: Array<Problem>, counted: Map<string, Totals>) =>
  Effect.gen(function* () {
    let after = ""
    let executions = 0
    while (true) {
      const rows = yield* query(
        `SELECT ${executionColumns}, bucket FROM ${schema}.execution WHERE id > $1 ORDER BY id LIMIT ${pageSize}`,
        after,
      )
      for (const columnsOfRow of rows) {
        after = String(columnsOfRow.id)
        executions += 1
        try {
          const { row } = decodeRow(columnsOfRow)
          const totals = counted.get(row.campaignId) ?? noTotals()
          counted.set(row.campaignId, totals)
          const rest = { ...row, owner: null }
          countsDelta(totals, null, rest)
          if (isEnded(row) && row.dueAt !== null)
            problems.push({ key: `execution/${row.id}`, problem: "it has ended and is due all the same" })
          if (buckets[Number(columnsOfRow.bucket)] !== bucketIn(totalsFor(rest)))
            problems.push({ key: `execution/${row.id}`, problem: "its column is not that of its state" })
        } catch (error) {
          if (!(error instanceof StorageError)) throw error
          problems.push({ key: `execution/${after}`, problem: error.message })
        }
      }
      if (rows.length < pageSize) return executions
    }
  })

const totalsFor = (row: Parameters<typeof countsDelta>[2]): Totals => {
  const totals = noTotals()
  countsDelta(totals, null, row)
  return totals
}

const bucketIn = (totals: Totals) => buckets.find((bucket) => totals[bucket] === 1)

const statusColumns = {
  active: "enrollmentsActive",
  finished: "enrollmentsFinished",
  ended: "enrollmentsEnded",
} as const

const auditCounters = (query: Query, schema: string, problems: Array<Problem>, counted: Map<string, Totals>) =>
  Effect.gen(function* () {
    const moved = yield* query(
      `SELECT campaign, status, count(*)::float8 AS number FROM ${schema}.enrollment GROUP BY campaign, status`,
    )
    for (const { campaign, status, number } of moved) {
      const totals = counted.get(String(campaign)) ?? noTotals()
      counted.set(String(campaign), totals)
      totals[statusColumns[status as keyof typeof statusColumns]] = Number(number)
    }
    const stored = yield* query(
      `SELECT campaign, ${summedColumns} FROM ${schema}.totals WHERE part = 'live' GROUP BY campaign`,
    )
    const kept = new Map(stored.map((row) => [String(row.campaign), totalsOf(row)]))
    for (const campaignId of new Set([...counted.keys(), ...kept.keys()])) {
      const is = kept.get(campaignId) ?? noTotals()
      const should = counted.get(campaignId) ?? noTotals()
      problems.push(...counterProblems(campaignId, is, should))
    }
  })

/** Reads everything in one snapshot, and checks checksums and counters. */
export const verify = ({ database, schema }: Session): Promise<VerifyReport> =>
  database.transaction((query) =>
    Effect.gen(function* () {
      yield* query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
      const problems: Array<Problem> = []
      const counted = new Map<string, Totals>()
      const executions = yield* auditRows(query, schema, problems, counted)
      yield* auditCounters(query, schema, problems, counted)
      return { executions, problems }
    }),
  )

/** Removes a lead's document, and puts the pseudonym in the place of its id everywhere else. */
export const erase = ({ database, schema }: Session, leadId: string, pseudonym: string): Promise<boolean> =>
  database.transaction((query) =>
    Effect.gen(function* () {
      const rows = yield* query(
        `SELECT ${executionColumns} FROM ${schema}.execution WHERE lead = $1 ORDER BY id FOR UPDATE`,
        leadId,
      )
      const renamed = rows.map((columns) => {
        const entry = decodeRow(columns)
        return encodeRow({ ...entry, row: { ...entry.row, leadId: pseudonym } })
      })
      yield* query(
        `UPDATE ${schema}.execution AS e SET lead = n.lead, crc = n.crc
         FROM json_to_recordset($1::json) AS n (id text, lead text, crc bigint) WHERE e.id = n.id`,
        JSON.stringify(renamed.map(({ id, lead, crc }) => ({ id, lead, crc }))),
      )
      const enrollments = yield* query(
        `UPDATE ${schema}.enrollment SET lead = $2 WHERE id IN (
           SELECT id FROM ${schema}.enrollment WHERE lead = $1 ORDER BY id FOR UPDATE
         ) RETURNING id`,
        leadId,
        pseudonym,
      )
      const documents = yield* query(
        `DELETE FROM ${schema}.document WHERE kind = 'lead' AND key = $1 RETURNING key`,
        leadId,
      )
      return rows.length + enrollments.length + documents.length > 0
    }),
  )

const pruneBatch = (session: Session, endedBefore: number) =>
  session.database.transaction((query) =>
    Effect.gen(function* () {
      const { schema } = session
      const rows = yield* query(
        `DELETE FROM ${schema}.execution WHERE id IN (
           SELECT id FROM ${schema}.execution WHERE bucket >= 5 AND updated_at < $1::bigint ORDER BY id LIMIT ${pageSize} FOR UPDATE
         ) RETURNING ${executionColumns}`,
        endedBefore,
      )
      if (rows.length === 0) return 0
      yield* query(
        `DELETE FROM ${schema}.history WHERE execution IN (SELECT json_array_elements_text($1::json))`,
        JSON.stringify(rows.map(({ id }) => id)),
      )
      const live = new Map<string, Totals>()
      const pruned = new Map<string, Totals>()
      for (const { row } of rows.map(decodeRow)) {
        for (const parts of [live, pruned]) if (!parts.has(row.campaignId)) parts.set(row.campaignId, noTotals())
        countsDelta(live.get(row.campaignId) ?? noTotals(), row, null)
        countsDelta(pruned.get(row.campaignId) ?? noTotals(), null, row)
      }
      yield* addTotals(query, session, "live", live)
      yield* addTotals(query, session, "pruned", pruned)
      return rows.length
    }),
  )

/** Removes rows and history of executions that ended before; counts stay. */
export const prune = async (session: Session, endedBefore: number): Promise<number> => {
  let sum = 0
  while (true) {
    const done = await pruneBatch(session, endedBefore)
    sum += done
    if (done < pageSize) return sum
  }
}
