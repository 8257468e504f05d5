import * as z from "zod"

/** Options of the `postgres` storage. */
export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database`. Parameters like `sslmode` are PostgreSQL's own. */
  readonly url: string
  /** The PostgreSQL schema that holds this store; created when it is missing. Default `sendstate`. */
  readonly schema?: string | undefined
  /** Connections of this process at most; default 4, minimum 1. Two more listen for other processes and show that this one lives. */
  readonly maxConnections?: number | undefined
  /** How long a connection may take to be made, milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number | undefined
  /** How long one statement may take before the server ends it, milliseconds; default 60,000. */
  readonly statementTimeoutMs?: number | undefined
  /**
   * Whose clock decides what is due and when a lease is over; default `server`, so that processes on several machines
   * agree. `caller` takes the times that it is given: for tests in virtual time.
   */
  readonly clock?: "server" | "caller" | undefined
}

/** The same, complete. */
export interface PostgresSettings extends Required<PostgresOptions> {
  readonly schema: string
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly clock: "server" | "caller"
}

const milliseconds = (fallback: number) => z.int().min(1).max(2_147_483_647).default(fallback)

// `?schema=` is ours: PostgreSQL would refuse it.
const ofUrl = (text: string): { readonly url: string; readonly schema?: string } => {
  const url = URL.parse(text)
  const schema = url?.searchParams.get("schema")
  if (url === null || schema === null || schema === undefined) return { url: text }
  url.searchParams.delete("schema")
  return { url: url.href, schema }
}

/** Checks and completes {@link PostgresOptions}; a text is the URL, which may name the schema as `?schema=`. */
export const postgresOptions = z.union([z.string().transform(ofUrl), z.looseObject({})]).pipe(
  z.strictObject({
    url: z.string().refine((url) => /^postgres(ql)?:\/\/./.test(url) && URL.canParse(url), "must be a postgres:// URL"),
    // Quoted wherever it is used; short enough for the names that are made of it.
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,47}$/, "must be lower-case letters, digits and _, at most 48")
      .default("sendstate"),
    maxConnections: z.int().min(1).max(1_000).default(4),
    connectTimeoutMs: milliseconds(10_000),
    statementTimeoutMs: milliseconds(60_000),
    clock: z.enum(["server", "caller"]).default("server"),
  }),
)
