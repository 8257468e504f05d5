import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import { StorageError } from "../../../sdk/errors.ts"
import type { Database, Query } from "./database.ts"
import { lockNumber } from "./locks.ts"

/** Raised with each change of the tables. */
const schemaVersion = 1

/** Places in the change log of one transaction: `(transaction - base) * placesEach + ordinal`. */
export const placesEach = 8_192

const tables = (schema: string): ReadonlyArray<string> => [
  // Ids are compared by their bytes, as JavaScript does, whatever the database's language is.
  `CREATE TABLE ${schema}.execution (
    id text COLLATE "C" PRIMARY KEY, campaign text COLLATE "C" NOT NULL, enrollment text NOT NULL, lead text COLLATE "C" NOT NULL,
    bucket smallint NOT NULL, urgent boolean NOT NULL, reason text,
    due_at bigint, rest_due_at bigint, token bigint NOT NULL, version bigint NOT NULL,
    owner text, lease_until bigint, claims integer NOT NULL,
    created_at bigint NOT NULL, updated_at bigint NOT NULL, body text NOT NULL, crc bigint NOT NULL
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX execution_due ON ${schema}.execution (campaign, urgent, due_at) WHERE due_at IS NOT NULL`,
  `CREATE INDEX execution_leased ON ${schema}.execution (campaign, bucket) WHERE owner IS NOT NULL`,
  `CREATE INDEX execution_lead ON ${schema}.execution (lead, id)`,
  `CREATE INDEX execution_campaign ON ${schema}.execution (campaign, id)`,
  // What people look at are the few that are neither waiting nor sent.
  `CREATE INDEX execution_attention ON ${schema}.execution (bucket, id) WHERE bucket NOT IN (0, 5)`,
  `CREATE TABLE ${schema}.enrollment (
    id text COLLATE "C" PRIMARY KEY, campaign text COLLATE "C" NOT NULL, lead text NOT NULL, entry text NOT NULL,
    definition text NOT NULL, status text NOT NULL, created_at bigint NOT NULL
  )`,
  `CREATE TABLE ${schema}.history (place bigint PRIMARY KEY, execution text COLLATE "C" NOT NULL, events text NOT NULL)`,
  `CREATE INDEX history_execution ON ${schema}.history (execution, place)`,
  `CREATE TABLE ${schema}.document (
    kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, version bigint NOT NULL, state text, value text NOT NULL,
    PRIMARY KEY (kind, key)
  )`,
  // One row for each process that counts, so that they do not wait for each other.
  `CREATE TABLE ${schema}.totals (
    campaign text COLLATE "C" NOT NULL, part text NOT NULL, shard integer NOT NULL, numbers bigint[] NOT NULL,
    PRIMARY KEY (campaign, part, shard)
  )`,
]

const newer = (found: number): StorageError =>
  new StorageError({
    storage: "postgres",
    code: "newer-schema",
    retryable: false,
    indeterminate: false,
    message: `The store was written by a newer sendstate (its schema is ${found}, this one knows ${schemaVersion}). Update sendstate, or use another schema.`,
  })

// The numbers of transactions start anew when a database is restored elsewhere; places in the log must go on rising.
const moveBase = (query: Query, schema: string) =>
  query(
    `UPDATE ${schema}.store SET base = pg_current_xact_id()::text::bigint - 1 - coalesce((SELECT max(place) FROM ${schema}.history), 0) / ${placesEach} - 1
     WHERE pg_current_xact_id()::text::bigint - base <= coalesce((SELECT max(place) FROM ${schema}.history), 0) / ${placesEach}`,
  )

const prepare = (query: Query, schema: string): Effect.Effect<void, SqlError | StorageError> =>
  Effect.gen(function* () {
    // One process at a time: CREATE ... IF NOT EXISTS alone is not safe against another one.
    yield* query("SELECT pg_advisory_xact_lock($1::int, $2::int)", lockNumber(schema), -1)
    yield* query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    yield* query(`CREATE TABLE IF NOT EXISTS ${schema}.store (version integer NOT NULL, base bigint NOT NULL)`)
    const [found] = yield* query(`SELECT version FROM ${schema}.store`)
    if (found === undefined) {
      for (const table of tables(schema)) yield* query(table)
      yield* query(
        `INSERT INTO ${schema}.store (version, base) VALUES ($1::int, pg_current_xact_id()::text::bigint - 1)`,
        schemaVersion,
      )
      return
    }
    if (Number(found.version) > schemaVersion) return yield* Effect.fail(newer(Number(found.version)))
    yield* moveBase(query, schema)
  })

/**
 * Makes the tables, unless they are there.
 *
 * @throws StorageError `newer-schema` for a store of a newer program.
 */
export const prepareSchema = (database: Database): Promise<void> =>
  database.transaction((query) => prepare(query, database.schema))
