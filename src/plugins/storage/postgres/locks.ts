import { crc32 } from "node:zlib"
import type { Query } from "./database.ts"

/** Locks are few, so that a batch of 500 intents holds at most so many. */
const locks = 64

/** A 31-bit number for a name: what an advisory lock is known by. */
export const lockNumber = (name: string): number => crc32(name) >>> 1

const numbersOf = (names: Iterable<string>): ReadonlyArray<number> =>
  [...new Set([...names].map((name) => lockNumber(name) % locks))].sort((left, right) => left - right)

/** The lock of a document that intents look at. */
export const documentLock = (kind: "campaign" | "suppression", key: string): string => `${kind}/${key}`

const take = (mode: "_shared" | "") => (query: Query, schema: string, names: Iterable<string>) =>
  // Always in the same order, and before any row: two transactions cannot wait for each other.
  query(
    `SELECT pg_advisory_xact_lock${mode}($1::int, number) FROM (SELECT value::int AS number FROM json_array_elements_text($2::json) ORDER BY value::int) AS wanted`,
    lockNumber(schema),
    JSON.stringify(numbersOf(names)),
  )

/**
 * For intents: whoever pauses or suppresses waits until this transaction has ended, and is acknowledged after it. Whoever
 * was acknowledged before is seen, since each statement after the lock reads what is committed by then. So no intent is
 * ever written after a pause, a cancel or a suppression was acknowledged.
 */
export const lockToLook = take("_shared")

/** For whoever writes such a document. */
export const lockToWrite = take("")
