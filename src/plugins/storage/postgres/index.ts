import { NotFound } from "../../../sdk/errors.ts"
import { parse } from "../../../sdk/schema.ts"
import type { StorageDriver } from "../../../sdk/storage/driver.ts"
import type { OpenOptions, Storage } from "../../../sdk/storage/storage.ts"
import { Database } from "./database.ts"
import { observerOf, ownerOf } from "./driver.ts"
import { lockNumber } from "./locks.ts"
import { type PostgresOptions, type PostgresSettings, postgresOptions } from "./options.ts"
import { prepareSchema } from "./schema.ts"
import type { Session } from "./session.ts"

export type { PostgresOptions } from "./options.ts"

/** Counters are spread over so many rows of each campaign. */
const shards = 32

const missing = (schema: string): NotFound =>
  new NotFound({
    kind: "store",
    key: schema,
    code: "store-missing",
    retryable: false,
    message: `There is no sendstate store in the schema ${schema} of this database. Run a campaign first, or check the URL and the schema.`,
  })

const look = async (database: Database): Promise<{ readonly exists: boolean; readonly shard: number }> => {
  const [row] = await database.statement(
    `SELECT to_regclass($1) IS NOT NULL AS there, floor(random() * ${shards})::int AS shard`,
    [`${database.schema}.store`],
  )
  return { exists: row?.there === true, shard: Number(row?.shard ?? 0) }
}

const sessionOf = (database: Database, settings: PostgresSettings, shard: number, channel: string): Session => ({
  database,
  schema: database.schema,
  clock: settings.clock,
  shard,
  held: new Map(),
  owners: new Set(),
  missing: new Map(),
  lastLook: { at: 0 },
  notify: () => {
    // A hint: who misses it looks by itself before long.
    database.statement("SELECT pg_notify($1, '')", [channel]).catch(() => undefined)
  },
})

const open = async (settings: PostgresSettings, mode: OpenOptions["mode"]): Promise<StorageDriver> => {
  const database = await Database.connect(settings)
  try {
    const { exists, shard } = await look(database)
    if (mode === "own") await prepareSchema(database)
    else if (!exists) throw missing(settings.schema)
    const channel = `sendstate_${lockNumber(database.schema)}`
    const session = sessionOf(database, settings, shard, channel)
    const wakeups: NonNullable<StorageDriver["wakeups"]> = (listener) => database.listen(channel, listener)
    return mode === "own" ? ownerOf(session, wakeups) : observerOf(session, wakeups)
  } catch (error) {
    await database.close()
    throw error
  }
}

/**
 * A storage in PostgreSQL 13 or later, for several processes on one campaign: they share it by leases in the rows, on
 * the server's clock. Durable as the server's `synchronous_commit` says; with its default, what is acknowledged survives
 * a power loss. Needs the package `@effect/sql-pg`.
 *
 * @param options A `postgres://` URL (`?schema=` names the schema), or options.
 * @throws InvalidInput for options that make no sense.
 * @example
 * ```ts
 * const storage = postgres({ url: "postgres://app@127.0.0.1/app", schema: "campaigns" })
 * ```
 */
export const postgres = (options: string | PostgresOptions): Storage => {
  const settings = parse(postgresOptions, options, 'The options of the storage "postgres"')
  return {
    name: "postgres",
    capabilities: { processes: "many", durability: "fsync", sync: false, control: false, notify: true },
    open: ({ mode }) => open(settings, mode),
  }
}
