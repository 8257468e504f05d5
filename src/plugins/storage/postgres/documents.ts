import * as Effect from "effect/Effect"
import type { Document, DocumentKind, DocumentWrite, DocumentWriteResult } from "../../../sdk/storage/document.ts"
import type { Query, ResultRow } from "./database.ts"
import { documentLock, lockToWrite } from "./locks.ts"
import type { Session } from "./session.ts"

const documentOf = (kind: DocumentKind, row: ResultRow): Document => ({
  kind,
  key: String(row.key),
  version: Number(row.version),
  value: JSON.parse(String(row.value)) as Document["value"],
})

const stateOf = (kind: DocumentKind, value: DocumentWrite["value"]): string | null =>
  kind === "campaign" && typeof value?.state === "string" ? value.state : null

/** Inserts those that are not there yet. */
export const insertDocuments = (query: Query, schema: string, documents: ReadonlyArray<Omit<Document, "version">>) =>
  documents.length === 0
    ? Effect.void
    : Effect.asVoid(
        query(
          `INSERT INTO ${schema}.document (kind, key, version, state, value)
           SELECT DISTINCT ON (kind, key) kind, key, 1, state, value FROM json_to_recordset($1::json) AS n (kind text, key text, state text, value text)
           ORDER BY kind, key ON CONFLICT DO NOTHING`,
          JSON.stringify(
            documents.map(({ kind, key, value }) => ({
              kind,
              key,
              state: stateOf(kind, value),
              value: JSON.stringify(value),
            })),
          ),
        ),
      )

const isGuarded = (kind: DocumentKind): kind is "campaign" | "suppression" =>
  kind === "campaign" || kind === "suppression"

const writeOne = (query: Query, schema: string, { kind, key, expected, value }: DocumentWrite) =>
  Effect.gen(function* () {
    // Held until the end of the transaction, also while there is no such document.
    yield* query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", `${schema}/${kind}/${key}`)
    const [found] = yield* query(
      `SELECT version::float8 AS version FROM ${schema}.document WHERE kind = $1 AND key = $2 FOR UPDATE`,
      kind,
      key,
    )
    const version = Number(found?.version ?? 0)
    if (expected !== undefined && expected !== version)
      return { type: "conflict", version } satisfies DocumentWriteResult
    if (value === null) yield* query(`DELETE FROM ${schema}.document WHERE kind = $1 AND key = $2`, kind, key)
    else
      yield* query(
        `INSERT INTO ${schema}.document (kind, key, version, state, value) VALUES ($1, $2, $3::bigint, $4, $5)
         ON CONFLICT (kind, key) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state, value = EXCLUDED.value`,
        kind,
        key,
        version + 1,
        stateOf(kind, value),
        JSON.stringify(value),
      )
    return { type: "ok", version: version + 1 } satisfies DocumentWriteResult
  })

// Each element is atomic by itself; in the order of their keys two batches cannot wait for each other.
const inOrder = (writes: ReadonlyArray<DocumentWrite>): ReadonlyArray<number> =>
  writes
    .map(({ kind, key }, index) => ({ name: `${kind}/${key}`, index }))
    .sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : left.index - right.index))
    .map(({ index }) => index)

/** Writes or deletes each whose version is the expected one. */
export const writeDocuments = async (
  session: Session,
  writes: ReadonlyArray<DocumentWrite>,
): Promise<ReadonlyArray<DocumentWriteResult>> => {
  if (writes.length === 0) return []
  const results = await session.database.transaction((query) =>
    Effect.gen(function* () {
      const guarded = writes.flatMap(({ kind, key }) => (isGuarded(kind) ? [documentLock(kind, key)] : []))
      if (guarded.length > 0) yield* lockToWrite(query, session.schema, guarded)
      const answers: Array<DocumentWriteResult> = []
      for (const index of inOrder(writes)) {
        const write = writes[index]
        if (write !== undefined) answers[index] = yield* writeOne(query, session.schema, write)
      }
      return answers
    }),
  )
  if (writes.some(({ kind }) => kind === "campaign" || kind === "control")) session.notify()
  return results
}

/** Documents by key, in the order asked. */
export const documents = async (
  { database, schema }: Session,
  kind: DocumentKind,
  keys: ReadonlyArray<string>,
): Promise<ReadonlyArray<Document | undefined>> => {
  if (keys.length === 0) return []
  const rows = await database.statement(
    `SELECT key, version::float8 AS version, value FROM ${schema}.document WHERE kind = $1 AND key IN (SELECT json_array_elements_text($2::json))`,
    [kind, JSON.stringify(keys)],
  )
  const found = new Map(rows.map((row) => [String(row.key), documentOf(kind, row)]))
  return keys.map((key) => found.get(key))
}

/** A page by key. */
export const listDocuments = async (
  { database, schema }: Session,
  kind: DocumentKind,
  page: { readonly after?: string; readonly limit: number },
): Promise<ReadonlyArray<Document>> => {
  const rows = await database.statement(
    `SELECT key, version::float8 AS version, value FROM ${schema}.document WHERE kind = $1 AND ($2::text IS NULL OR key > $2) ORDER BY key LIMIT $3::int`,
    [kind, page.after ?? null, Math.max(1, page.limit)],
  )
  return rows.map((row) => documentOf(kind, row))
}
