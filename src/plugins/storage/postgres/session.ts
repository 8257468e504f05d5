import type { Database } from "./database.ts"
import type { PostgresSettings } from "./options.ts"

/** What the parts of one opened store share. */
export interface Session {
  readonly database: Database
  /** Quoted. */
  readonly schema: string
  readonly clock: PostgresSettings["clock"]
  /** Row of the counters that this process writes. */
  readonly shard: number
  /** Leases that this process holds, by execution: its tokens. */
  readonly held: Map<string, number>
  /** Owners that claim through this session: each shows its presence. */
  readonly owners: Set<string>
  /** Owners of leases that nobody has seen alive since an instant, epoch ms. */
  readonly missing: Map<string, number>
  /** When owners were looked at last, epoch ms. */
  readonly lastLook: { at: number }
  /** Tells other processes that there may be work; never fails. */
  readonly notify: () => void
}

/** Epoch ms as SQL: the server's clock, or the number in this parameter. */
export const nowSql = ({ clock }: Session, parameter: string): string =>
  clock === "server"
    ? `(CASE WHEN ${parameter}::bigint IS NULL THEN 0 ELSE floor(extract(epoch FROM clock_timestamp()) * 1000) END)::bigint`
    : `${parameter}::bigint`
