import type { Counts } from "sendstate/sdk"
import type { Findings } from "./findings.ts"
import type { Ledger } from "./ledger.ts"

/** Everything that the demo found out. */
export interface DemoResult extends Omit<Findings, "rows"> {
  readonly counts: Counts
  readonly enrolled: number
  readonly rejected: number
  readonly duplicates: number
  readonly ledger: Ledger
  /** In what the report and the ledger disagree; empty is the promise. */
  readonly differences: ReadonlyArray<string>
  /** Path of the database. */
  readonly database: string
  readonly elapsedMs: number
}

/** The result for `--json`: the conserved counts at the top, like every command. */
export const resultObject = (result: DemoResult): Record<string, unknown> => {
  const { ledger } = result
  return {
    ok: result.differences.length === 0,
    ...result.counts,
    enrolled: result.enrolled,
    rejected: result.rejected,
    duplicates: result.duplicates,
    retries: result.retries,
    inbox: {
      mails: ledger.copies.length,
      refused550: ledger.times("noSuchUser"),
      greylisted450: ledger.times("greylisted"),
      busy451: ledger.times("busy"),
      replyLost: ledger.times("replyLost"),
      mailLost: ledger.times("mailLost"),
    },
    differences: result.differences,
    database: result.database,
    elapsedMs: result.elapsedMs,
  }
}
