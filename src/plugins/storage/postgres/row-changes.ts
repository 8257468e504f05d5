import * as Effect from "effect/Effect"
import type { Enrollment, ExecutionRow, NewExecution } from "../../../sdk/domain/execution.ts"
import type { ExecutionEvent } from "../../../sdk/domain/execution-event.ts"
import type { Commit } from "../../../sdk/storage/driver.ts"
import { countsDelta, enrollmentDelta, noTotals, type Totals } from "../../../sdk/storage/one-process/totals.ts"
import { newRow, type RowEntry, scheduledEvent } from "../../../sdk/storage/rules.ts"
import type { Query } from "./database.ts"
import { encodedColumns, encodeRow } from "./row-codec.ts"
import { placesEach } from "./schema.ts"
import type { Session } from "./session.ts"
import { addTotals } from "./totals.ts"

// The column of a row as its counters know it: leases are counted by looking.
const atRest = (row: ExecutionRow): ExecutionRow => ({ ...row, owner: null })

/** What one transaction changes, gathered so that each table is written once. */
export class RowChanges {
  readonly #rows = new Map<string, RowEntry>()
  readonly #plans = new Map<string, NewExecution>()
  readonly #moves = new Map<string, { readonly campaignId: string; readonly status: Enrollment["status"] }>()
  readonly #history: Array<{ readonly execution: string; readonly events: ReadonlyArray<ExecutionEvent> }> = []
  readonly #totals = new Map<string, Totals>()

  #delta(campaignId: string): Totals {
    const delta = this.#totals.get(campaignId) ?? noTotals()
    this.#totals.set(campaignId, delta)
    return delta
  }

  /** The row as it will be. */
  replace(before: RowEntry, next: RowEntry): void {
    this.#rows.set(next.row.id, next)
    countsDelta(this.#delta(next.row.campaignId), atRest(before.row), atRest(next.row))
  }

  /** The rest of what a commit carries. */
  carry(row: ExecutionRow, commit: Commit): void {
    if (commit.events.length > 0) this.#history.push({ execution: row.id, events: commit.events })
    if (commit.plan !== undefined) this.#plans.set(commit.plan.id, commit.plan)
    if (commit.enrollment !== undefined)
      this.#moves.set(row.enrollmentId, { campaignId: row.campaignId, status: commit.enrollment })
  }

  /** A new execution that was inserted, and its enrollment. */
  enrolled(execution: NewExecution, enrollment: Enrollment): void {
    this.#inserted(execution)
    enrollmentDelta(this.#delta(enrollment.campaignId), null, enrollment.status)
  }

  #inserted(execution: NewExecution): void {
    this.#history.push({ execution: execution.id, events: [scheduledEvent(execution)] })
    countsDelta(this.#delta(execution.campaignId), null, newRow(execution).row)
  }

  /** Whether there is anything to write. */
  get isEmpty(): boolean {
    return this.#rows.size === 0 && this.#history.length === 0
  }

  /** Writes everything: rows, plans, enrollments, history, counters; in this order, each table by id. */
  write(query: Query, session: Session) {
    const { schema } = session
    const rows = this.#rows
    const plans = this.#plans
    const moves = this.#moves
    const self = this
    return Effect.gen(function* () {
      if (rows.size > 0)
        yield* query(
          `UPDATE ${schema}.execution AS e SET bucket = n.bucket, urgent = n.urgent, reason = n.reason, due_at = n.due_at, rest_due_at = n.rest_due_at,
             token = n.token, version = n.version, owner = n.owner, lease_until = n.lease_until, claims = n.claims, updated_at = n.updated_at, body = n.body, crc = n.crc
           FROM json_to_recordset($1::json) AS n (${encodedColumns}) WHERE e.id = n.id`,
          JSON.stringify([...rows.values()].map(encodeRow)),
        )
      if (plans.size > 0)
        // A plan whose execution is there already was stored by an earlier commit: it stays as it is.
        for (const id of yield* insertExecutions(query, schema, [...plans.values()])) {
          const plan = plans.get(id)
          if (plan !== undefined) self.#inserted(plan)
        }
      if (moves.size > 0) {
        const before = yield* query(
          `SELECT id, status FROM ${schema}.enrollment WHERE id IN (SELECT json_array_elements_text($1::json)) ORDER BY id FOR UPDATE`,
          JSON.stringify([...moves.keys()]),
        )
        yield* query(
          `UPDATE ${schema}.enrollment AS e SET status = n.status FROM json_to_recordset($1::json) AS n (id text, status text) WHERE e.id = n.id`,
          JSON.stringify([...moves].map(([id, { status }]) => ({ id, status }))),
        )
        for (const { id, status } of before) {
          const move = moves.get(String(id))
          if (move !== undefined)
            enrollmentDelta(self.#delta(move.campaignId), status as Enrollment["status"], move.status)
        }
      }
      yield* appendHistory(query, schema, self.#history)
      yield* addTotals(query, session, "live", self.#totals)
    })
  }
}

/** Inserts those that are not there yet; answers their ids. */
export const insertExecutions = (query: Query, schema: string, executions: ReadonlyArray<NewExecution>) =>
  Effect.map(
    query(
      `INSERT INTO ${schema}.execution (id, campaign, enrollment, lead, bucket, urgent, reason, due_at, rest_due_at, token, version, owner, lease_until, claims, created_at, updated_at, body, crc)
       SELECT id, campaign, enrollment, lead, bucket, urgent, reason, due_at, rest_due_at, token, version, owner, lease_until, claims, created_at, updated_at, body, crc
       FROM json_to_recordset($1::json) AS n (${encodedColumns}) ORDER BY id ON CONFLICT DO NOTHING RETURNING id`,
      JSON.stringify(executions.map(newRow).map(encodeRow)),
    ),
    (rows) => new Set(rows.map(({ id }) => String(id))),
  )

const appendHistory = (
  query: Query,
  schema: string,
  entries: ReadonlyArray<{ readonly execution: string; readonly events: ReadonlyArray<ExecutionEvent> }>,
) =>
  entries.length === 0
    ? Effect.void
    : Effect.asVoid(
        query(
          `INSERT INTO ${schema}.history (place, execution, events)
           SELECT (pg_current_xact_id()::text::bigint - (SELECT base FROM ${schema}.store)) * ${placesEach} + ordinal, execution, events
           FROM json_to_recordset($1::json) AS n (ordinal integer, execution text, events text)`,
          JSON.stringify(
            entries.map(({ execution, events }, ordinal) => ({ ordinal, execution, events: JSON.stringify(events) })),
          ),
        ),
      )
