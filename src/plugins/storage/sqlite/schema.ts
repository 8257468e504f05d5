import { StorageError } from "../../../sdk/errors.ts"
import type { Connection } from "./connection.ts"

/** Says that a SQLite file is ours (`PRAGMA application_id`): "SEND". */
const applicationId = 0x53454e44

/** One step from a version of the schema to the next. Never changed once released; only added to. */
export interface Migration {
  readonly version: number
  readonly sql: string
}

const migrations: ReadonlyArray<Migration> = [
  {
    version: 1,
    sql: `
      -- What many executions share: campaign, step, template, definition, retry policy.
      CREATE TABLE shape (ref INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);
      -- A short name for each campaign, and its counters.
      CREATE TABLE campaign (
        ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, live TEXT NOT NULL, pruned TEXT NOT NULL, crc INTEGER NOT NULL
      );
      CREATE TABLE execution (
        slot INTEGER PRIMARY KEY, id TEXT NOT NULL, campaign INTEGER NOT NULL, shape INTEGER NOT NULL,
        enrollment TEXT NOT NULL, lead TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        due_at INTEGER, urgent INTEGER NOT NULL, bucket INTEGER NOT NULL, attention INTEGER, reason TEXT,
        body TEXT NOT NULL, crc INTEGER NOT NULL
      );
      CREATE UNIQUE INDEX execution_id ON execution (id);
      CREATE INDEX execution_lead ON execution (lead);
      CREATE INDEX execution_due ON execution (campaign, urgent, due_at, slot) WHERE due_at IS NOT NULL;
      CREATE INDEX execution_attention ON execution (attention, id) WHERE attention IS NOT NULL;
      CREATE TABLE enrollment (
        ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, campaign TEXT NOT NULL, lead TEXT NOT NULL,
        entry TEXT NOT NULL, definition TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
        crc INTEGER NOT NULL
      );
      CREATE TABLE history (seq INTEGER PRIMARY KEY, slot INTEGER NOT NULL, events TEXT NOT NULL, crc INTEGER NOT NULL);
      CREATE INDEX history_slot ON history (slot);
      CREATE TABLE document (
        ref INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL,
        crc INTEGER NOT NULL, UNIQUE (kind, key)
      );
      -- Claims that were not seen to make progress: what is left of it after a crash.
      CREATE TABLE claim (slot INTEGER PRIMARY KEY, version INTEGER NOT NULL);
      -- The numbers that must not be given twice although the rows that had them are gone.
      CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
    `,
  },
]

const newest = (known: ReadonlyArray<Migration>): number => Math.max(0, ...known.map(({ version }) => version))

const number = (connection: Connection, sql: string, column: string): number =>
  Number(connection.db.prepare(sql).get()?.[column] ?? 0)

const refusal = (code: string, message: string): StorageError =>
  new StorageError({ storage: "sqlite", code, retryable: false, indeterminate: false, message })

/** The version of the file's schema; 0 for an empty file. */
const versionOf = (connection: Connection, known: ReadonlyArray<Migration>): number => {
  const tables = number(connection, "SELECT count(*) AS n FROM sqlite_schema", "n")
  if (tables === 0) return 0
  if (number(connection, "PRAGMA application_id", "application_id") !== applicationId)
    throw refusal("foreign-file", `${connection.path} is a database of another program; give a file of its own`)
  const version = number(connection, "SELECT max(version) AS version FROM schema_version", "version")
  if (version > newest(known))
    throw refusal(
      "newer-schema",
      `${connection.path} was written by a newer sendstate (schema ${version}, this one knows ${newest(known)}); update sendstate`,
    )
  return version
}

/** Brings the file to the newest schema, in one transaction. */
export const migrate = (connection: Connection, known: ReadonlyArray<Migration> = migrations): void =>
  connection.guard(() => {
    const { db } = connection
    if (versionOf(connection, known) === newest(known)) return
    db.exec("BEGIN EXCLUSIVE")
    try {
      const version = versionOf(connection, known)
      if (version === 0)
        db.exec(`PRAGMA application_id = ${applicationId}; CREATE TABLE schema_version (version INTEGER NOT NULL)`)
      for (const migration of known.filter((step) => step.version > version)) {
        db.exec(migration.sql)
        db.prepare("INSERT INTO schema_version VALUES (?)").run(migration.version)
      }
      db.exec("COMMIT")
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK")
      throw error
    }
  })

/** Refuses a file of another program, or of a newer version of this one, before anything of it is changed. */
export const assertOurs = (connection: Connection): void => {
  connection.guard(() => versionOf(connection, migrations))
}

/** For an observer, which must not change the schema. */
export const assertReadable = (connection: Connection): void =>
  connection.guard(() => {
    const version = versionOf(connection, migrations)
    if (version < newest(migrations))
      throw refusal(
        "older-schema",
        `${connection.path} has an older schema (${version}); open it once with this version of sendstate to bring it up to date`,
      )
  })
