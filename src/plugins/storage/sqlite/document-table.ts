import type { Document, DocumentKind, DocumentWrite, DocumentWriteResult } from "../../../sdk/storage/document.ts"
import { checksum } from "./checksum.ts"
import { type Connection, corrupt } from "./connection.ts"

/** Keyed JSON values with versions. */
export class DocumentTable {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  #decode(row: Record<string, unknown>): Document {
    const { kind, key, version, value, crc } = row
    if (typeof version !== "number" || typeof value !== "string" || checksum(kind, key, version, value) !== crc)
      throw corrupt(this.#connection.path, `The ${String(kind)} document ${JSON.stringify(key)}`)
    return {
      kind: kind as DocumentKind,
      key: String(key),
      version,
      value: JSON.parse(value) as Document["value"],
    }
  }

  get(kind: DocumentKind, key: string): Document | undefined {
    const row = this.#connection
      .prepare("SELECT kind, key, version, value, crc FROM document WHERE kind = ? AND key = ?")
      .get(kind, key)
    return row === undefined ? undefined : this.#decode(row)
  }

  has(kind: DocumentKind, key: string): boolean {
    return this.#connection.prepare("SELECT 1 FROM document WHERE kind = ? AND key = ?").get(kind, key) !== undefined
  }

  list(kind: DocumentKind, page: { readonly after?: string; readonly limit: number }): ReadonlyArray<Document> {
    return this.#connection
      .prepare("SELECT kind, key, version, value, crc FROM document WHERE kind = ? AND key > ? ORDER BY key LIMIT ?")
      .all(kind, page.after ?? "", page.limit)
      .map((row) => this.#decode(row))
  }

  /** Unless there is one already. */
  insert({ kind, key, value }: Omit<Document, "version">): void {
    const text = JSON.stringify(value)
    this.#connection.begin()
    this.#connection
      .prepare("INSERT OR IGNORE INTO document (kind, key, version, value, crc) VALUES (?, ?, 1, ?, ?)")
      .run(kind, key, text, checksum(kind, key, 1, text))
  }

  write({ kind, key, expected, value }: DocumentWrite): DocumentWriteResult {
    // Before the comparison: an observer may write at the same time.
    this.#connection.begin()
    const there = this.#connection.prepare("SELECT version FROM document WHERE kind = ? AND key = ?").get(kind, key)
    const before = Number(there?.version ?? 0)
    if (expected !== undefined && expected !== before) return { type: "conflict", version: before }
    if (value === null) {
      this.#connection.prepare("DELETE FROM document WHERE kind = ? AND key = ?").run(kind, key)
      return { type: "ok", version: 0 }
    }
    const version = before + 1
    const text = JSON.stringify(value)
    this.#connection
      .prepare(
        "INSERT INTO document (kind, key, version, value, crc) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, value = excluded.value, crc = excluded.crc",
      )
      .run(kind, key, version, text, checksum(kind, key, version, text))
    return { type: "ok", version }
  }

  /** Problems of all documents. */
  *problems(): Generator<{ readonly key: string; readonly error: unknown }, void, undefined> {
    let after = 0
    for (;;) {
      const rows = this.#connection
        .prepare("SELECT ref, kind, key, version, value, crc FROM document WHERE ref > ? ORDER BY ref LIMIT 100")
        .all(after)
      for (const row of rows) {
        after = Number(row.ref)
        try {
          this.#decode(row)
        } catch (error) {
          yield { key: `document/${String(row.kind)}/${String(row.key)}`, error }
        }
      }
      if (rows.length < 100) return
    }
  }
}
