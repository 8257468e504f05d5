import { crc32 } from "node:zlib"
import { lockNumber } from "./locks.ts"
import { nowSql, type Session } from "./session.ts"

/** Owners that hold leases are looked at at most so often, milliseconds. */
const lookEveryMs = 500

/** So long an owner must have been gone before its leases are void, milliseconds: a broken connection is made again in less. */
const goneForMs = 1_500

// Apart from the locks of documents.
const ownerNumber = (owner: string): number => -2 - (crc32(owner) >>> 2)

/** Shows that this owner lives, for as long as its process does. */
export const showPresence = ({ database, schema }: Session, owner: string): void =>
  database.hold(lockNumber(schema), ownerNumber(owner))

/**
 * Voids the leases of owners whose process is dead: nobody holds their lock. A frozen process still holds its own; its
 * leases end by time. Between the first and the second look passes more time than a living owner needs to connect again.
 */
export const voidDeadLeases = async (session: Session, now: number): Promise<void> => {
  const { database, schema, missing, lastLook } = session
  if (now - lastLook.at < lookEveryMs) return
  lastLook.at = now
  const owners = (
    await database.statement(`SELECT DISTINCT owner FROM ${schema}.execution WHERE owner IS NOT NULL`, [])
  ).map(({ owner }) => String(owner))
  for (const owner of missing.keys()) if (!owners.includes(owner)) missing.delete(owner)
  if (owners.length === 0) return
  // Owners hold theirs exclusively; those who look share. It is given back with the statement's transaction.
  const looked = await database.statement(
    "SELECT owner, pg_try_advisory_xact_lock_shared($1::int, number) AS is_gone FROM json_to_recordset($2::json) AS o (owner text, number int)",
    [lockNumber(schema), JSON.stringify(owners.map((owner) => ({ owner, number: ownerNumber(owner) })))],
  )
  for (const { owner, is_gone } of looked) {
    const name = String(owner)
    if (is_gone !== true) missing.delete(name)
    else if (!missing.has(name)) missing.set(name, now)
  }
  const dead = [...missing].filter(([, since]) => now - since >= goneForMs).map(([owner]) => owner)
  if (dead.length === 0) return
  await database.statement(
    `UPDATE ${schema}.execution SET lease_until = ${nowSql(session, "$2")}, due_at = ${nowSql(session, "$2")}
     WHERE owner IN (SELECT json_array_elements_text($1::json)) AND lease_until > ${nowSql(session, "$2")} AND bucket < 5`,
    [JSON.stringify(dead), now],
    { writes: true },
  )
  for (const owner of dead) missing.delete(owner)
}
