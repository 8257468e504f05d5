import type { Explanation } from "sendstate"
import type { Counts } from "sendstate/sdk"
import type { Ledger } from "./ledger.ts"

/** Everything that the demo found out. */
export interface DemoResult {
  readonly counts: Counts
  readonly enrolled: number
  readonly rejected: number
  readonly duplicates: number
  /** Attempts beyond the first of each execution. */
  readonly retries: number
  /** Why executions failed and why they were in doubt, with how often. */
  readonly reasons: ReadonlyArray<readonly [reason: string, times: number]>
  readonly ledger: Ledger
  /** The execution with the most to tell. */
  readonly example: Explanation | undefined
  readonly differences: ReadonlyArray<string>
  readonly database: string
  readonly elapsedMs: number
}

/** The result as one line of JSON: the conserved counts at the top, like every command. */
export const toJson = (result: DemoResult): string => {
  const { ledger } = result
  return JSON.stringify({
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
  })
}
