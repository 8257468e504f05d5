import * as Effect from "effect/Effect"
import type { Counts } from "../../../sdk/domain/counts.ts"
import { columns, noTotals, type Totals, toCounts } from "../../../sdk/storage/one-process/totals.ts"
import type { Query, ResultRow } from "./database.ts"
import type { Session } from "./session.ts"

const isZero = (totals: Readonly<Totals>): boolean => columns.every((column) => totals[column] === 0)

/** Adds to this process's row of each campaign's counters; last of all, since it is what writers could wait for. */
export const addTotals = (
  query: Query,
  { schema, shard }: Session,
  part: "live" | "pruned",
  deltas: ReadonlyMap<string, Readonly<Totals>>,
) => {
  const rows = [...deltas]
    .filter(([, delta]) => !isZero(delta))
    .map(([campaign, delta]) => ({ campaign, numbers: columns.map((column) => delta[column]) }))
  return rows.length === 0
    ? Effect.void
    : Effect.asVoid(
        query(
          `INSERT INTO ${schema}.totals AS t (campaign, part, shard, numbers)
           SELECT campaign, $2, $3::int, numbers FROM json_to_recordset($1::json) AS n (campaign text, numbers bigint[]) ORDER BY campaign
           ON CONFLICT (campaign, part, shard) DO UPDATE SET numbers =
             (SELECT array_agg(was + more ORDER BY place) FROM unnest(t.numbers, EXCLUDED.numbers) WITH ORDINALITY AS sums (was, more, place))`,
          JSON.stringify(rows),
          part,
          shard,
        ),
      )
}

/** A row of the totals as its numbers by column. */
export const totalsOf = (row: ResultRow | undefined): Totals => {
  const totals = noTotals()
  for (const [index, column] of columns.entries()) totals[column] = Number(row?.[`c${index}`] ?? 0)
  return totals
}

/** The sum of all shards, a column each. */
export const summedColumns = columns
  .map((_, index) => `coalesce(sum(numbers[${index + 1}]), 0)::float8 AS c${index}`)
  .join(", ")

/** The counts of a campaign: its counters, and the leased rows among those that wait. */
export const countsOf = async ({ database, schema }: Session, campaignId: string): Promise<Counts> => {
  // One statement, one snapshot: the sum holds in every sample.
  const [row] = await database.statement(
    `SELECT ${summedColumns},
       (SELECT count(*) FROM ${schema}.execution WHERE campaign = $1 AND owner IS NOT NULL AND bucket = 0)::float8 AS scheduled,
       (SELECT count(*) FROM ${schema}.execution WHERE campaign = $1 AND owner IS NOT NULL AND bucket = 4)::float8 AS retrying
     FROM ${schema}.totals WHERE campaign = $1`,
    [campaignId],
  )
  return toCounts(totalsOf(row), { scheduled: Number(row?.scheduled ?? 0), retrying: Number(row?.retrying ?? 0) })
}
