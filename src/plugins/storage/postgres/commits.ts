import * as Effect from "effect/Effect"
import type { StorageError } from "../../../sdk/errors.ts"
import type { Commit, CommitResult, EnrollItem, Signal, SignalResult } from "../../../sdk/storage/driver.ts"
import { decideCommit, decideSignal, type RowEntry, type World } from "../../../sdk/storage/rules.ts"
import type { Query } from "./database.ts"
import { insertDocuments } from "./documents.ts"
import { documentLock, lockToLook } from "./locks.ts"
import { insertExecutions, RowChanges } from "./row-changes.ts"
import { decodeRow, executionColumns } from "./row-codec.ts"
import { nowSql, type Session } from "./session.ts"

/** Elements of one transaction: bounds locks, memory, and places in the change log. */
const batchSize = 2_000

interface Locked {
  readonly rows: Map<string, RowEntry>
  /** The server's or the caller's, epoch ms. */
  readonly now: number
}

/** Reads and locks rows, in the order of their ids: whoever wants the same ones waits. */
const lockRows = (query: Query, session: Session, ids: ReadonlyArray<string>, now: number) =>
  Effect.gen(function* () {
    const rows = yield* query(
      `SELECT ${executionColumns} FROM ${session.schema}.execution WHERE id IN (SELECT json_array_elements_text($1::json)) ORDER BY id FOR UPDATE`,
      JSON.stringify([...new Set(ids)]),
    )
    // After the wait for locks: what was read before it may be over.
    const [time] = yield* query(`SELECT ${nowSql(session, "$1")}::float8 AS now`, now)
    return yield* decoded(rows, Number(time?.now))
  })

const decoded = (rows: ReadonlyArray<Parameters<typeof decodeRow>[0]>, now: number) =>
  Effect.try({
    try: (): Locked => ({
      rows: new Map(rows.map(decodeRow).map((entry) => [entry.row.id, entry])),
      now,
    }),
    catch: (error) => error as StorageError,
  })

const worldOf = (query: Query, session: Session, campaigns: Iterable<string>, keys: Iterable<string>) =>
  Effect.gen(function* () {
    const states = new Map<string, string>()
    const suppressed = new Set<string>()
    const found = yield* query(
      `SELECT kind, key, state FROM ${session.schema}.document
       WHERE (kind = 'campaign' AND key IN (SELECT json_array_elements_text($1::json)))
          OR (kind = 'suppression' AND key IN (SELECT json_array_elements_text($2::json)))`,
      JSON.stringify([...campaigns]),
      JSON.stringify([...keys]),
    )
    for (const { kind, key, state } of found)
      if (kind === "suppression") suppressed.add(String(key))
      else if (typeof state === "string") states.set(String(key), state)
    const world: World = {
      campaignState: (campaignId) => states.get(campaignId),
      isSuppressed: (key) => suppressed.has(key),
    }
    return world
  })

const nobody: World = { campaignState: () => undefined, isSuppressed: () => false }

// What the caller's clock says about the end of a lease, on the clock that counts.
const onClock = (commit: Commit, callerNow: number, now: number): Commit =>
  commit.leaseUntil === null ? commit : { ...commit, leaseUntil: commit.leaseUntil + now - callerNow }

const noteLease = ({ held }: Session, { row }: RowEntry): void => {
  if (row.owner === null) held.delete(row.id)
  else held.set(row.id, row.token)
}

const commitBatch = (session: Session, commits: ReadonlyArray<Commit>, callerNow: number) =>
  session.database.transaction((query) =>
    Effect.gen(function* () {
      const keys = new Set(commits.flatMap(({ requires }) => requires?.suppressionKeys ?? []))
      const guarded = commits.filter(({ requires }) => requires !== undefined)
      // The campaigns are on the rows; which they are does not change.
      const campaigns =
        guarded.length === 0
          ? []
          : (yield* query(
              `SELECT DISTINCT campaign FROM ${session.schema}.execution WHERE id IN (SELECT json_array_elements_text($1::json))`,
              JSON.stringify(guarded.map(({ id }) => id)),
            )).map(({ campaign }) => String(campaign))
      if (guarded.length > 0)
        yield* lockToLook(query, session.schema, [
          ...campaigns.map((key) => documentLock("campaign", key)),
          ...[...keys].map((key) => documentLock("suppression", key)),
        ])
      const { rows, now } = yield* lockRows(
        query,
        session,
        commits.map(({ id }) => id),
        callerNow,
      )
      const world = guarded.length === 0 ? nobody : yield* worldOf(query, session, campaigns, keys)
      const changes = new RowChanges()
      const written: Array<RowEntry> = []
      const results = commits.map((commit): CommitResult => {
        const before = rows.get(commit.id)
        const { result, next } = decideCommit(before, onClock(commit, callerNow, now), world, now)
        if (before === undefined || next === undefined) return result
        rows.set(commit.id, next)
        changes.replace(before, next)
        changes.carry(next.row, commit)
        written.push(next)
        return result
      })
      yield* changes.write(query, session)
      return { results, written }
    }),
  )

const signalBatch = (session: Session, signals: ReadonlyArray<Signal>) =>
  session.database.transaction((query) =>
    Effect.gen(function* () {
      const { rows, now } = yield* lockRows(
        query,
        session,
        signals.map(({ commit }) => commit.id),
        signals[0]?.now ?? 0,
      )
      const changes = new RowChanges()
      const results = signals.map((signal): SignalResult => {
        const before = rows.get(signal.commit.id)
        const { result, next } = decideSignal(before, session.clock === "server" ? { ...signal, now } : signal)
        if (before !== undefined && next !== undefined) {
          rows.set(signal.commit.id, next)
          changes.replace(before, next)
          if (result === "applied") changes.carry(next.row, signal.commit)
        }
        return { type: result }
      })
      yield* changes.write(query, session)
      return results
    }),
  )

const enrollBatch = (session: Session, items: ReadonlyArray<EnrollItem>) =>
  session.database.transaction((query) =>
    Effect.gen(function* () {
      const { schema } = session
      const byId = new Map([...items].reverse().map((item) => [item.enrollment.id, item]))
      const added = yield* query(
        `INSERT INTO ${schema}.enrollment (id, campaign, lead, entry, definition, status, created_at)
         SELECT id, campaign, lead, entry, definition, status, created_at
         FROM json_to_recordset($1::json) AS n (id text, campaign text, lead text, entry text, definition text, status text, created_at bigint)
         ORDER BY id ON CONFLICT DO NOTHING RETURNING id`,
        JSON.stringify(
          [...byId.values()].map(({ enrollment }) => ({
            id: enrollment.id,
            campaign: enrollment.campaignId,
            lead: enrollment.leadId,
            entry: enrollment.entry,
            definition: enrollment.definition,
            status: enrollment.status,
            created_at: enrollment.createdAt,
          })),
        ),
      )
      const wanted = added.flatMap(({ id }) => byId.get(String(id)) ?? [])
      const executions = new Map(wanted.map(({ execution }) => [execution.id, execution]))
      const inserted = yield* insertExecutions(query, schema, [...executions.values()])
      const changes = new RowChanges()
      const created = new Set<EnrollItem>()
      const failed: Array<string> = []
      for (const item of wanted)
        if (inserted.delete(item.execution.id)) {
          created.add(item)
          changes.enrolled(item.execution, item.enrollment)
        } else failed.push(item.enrollment.id)
      // The id of its execution is taken: stored in one step, or not at all.
      if (failed.length > 0)
        yield* query(
          `DELETE FROM ${schema}.enrollment WHERE id IN (SELECT json_array_elements_text($1::json))`,
          JSON.stringify(failed),
        )
      yield* insertDocuments(
        query,
        schema,
        [...created].map(({ lead }) => ({ kind: "lead" as const, key: lead.id, value: { ...lead } })),
      )
      yield* changes.write(query, session)
      return items.map((item) => (created.has(item) ? ("created" as const) : ("duplicate" as const)))
    }),
  )

/** Runs batches one after the other; answers all their answers. */
const inBatches = async <Item, Answer>(
  items: ReadonlyArray<Item>,
  run: (batch: ReadonlyArray<Item>) => Promise<ReadonlyArray<Answer>>,
): Promise<ReadonlyArray<Answer>> => {
  if (items.length <= batchSize) return items.length === 0 ? [] : run(items)
  const answers: Array<Answer> = []
  for (let start = 0; start < items.length; start += batchSize)
    answers.push(...(await run(items.slice(start, start + batchSize))))
  return answers
}

/** Stores leads, enrollments and first executions. */
export const enroll = async (session: Session, items: ReadonlyArray<EnrollItem>) => {
  const answers = await inBatches(items, (batch) => enrollBatch(session, batch))
  if (answers.includes("created")) session.notify()
  return answers
}

/** Writes commits whose fences hold. */
export const commit = (session: Session, commits: ReadonlyArray<Commit>, now: number) =>
  inBatches(commits, async (batch) => {
    const { results, written } = await commitBatch(session, batch, now)
    for (const entry of written) noteLease(session, entry)
    return results
  })

/** Applies signals, or leaves their flags. */
export const signal = async (session: Session, signals: ReadonlyArray<Signal>) => {
  const answers = await inBatches(signals, (batch) => signalBatch(session, batch))
  if (answers.some(({ type }) => type === "applied" || type === "flagged")) session.notify()
  return answers
}
