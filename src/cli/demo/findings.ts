import type { Explanation, Runtime } from "sendstate"
import type { ExecutionRow } from "sendstate/sdk"
import { campaign } from "./campaign.ts"

/** Why executions did not end as sent. */
export interface EndReason {
  readonly outcome: string
  readonly text: string
}

/** What a walk through all executions shows. */
export interface Findings {
  readonly rows: ReadonlyArray<ExecutionRow>
  /** Attempts beyond the first of each execution. */
  readonly retries: number
  /** With how often each, the most frequent first. */
  readonly reasons: ReadonlyArray<readonly [reason: EndReason, times: number]>
  /** The execution with the most to tell; none when there are no executions. */
  readonly example: Explanation | undefined
}

const reasonOf = ({ state, context }: ExecutionRow): EndReason | undefined => {
  const outcome = state === "sending.inDoubt" ? "in doubt" : (context.outcome ?? state)
  if (outcome === "sent" || context.reason === null) return undefined
  return { outcome, text: context.reason.text ?? context.reason.code }
}

const countReasons = (rows: ReadonlyArray<ExecutionRow>): Findings["reasons"] => {
  const found = new Map<string, [EndReason, number]>()
  for (const row of rows) {
    const reason = reasonOf(row)
    if (reason === undefined) continue
    const key = `${reason.outcome}: ${reason.text}`
    const [, times] = found.get(key) ?? [reason, 0]
    found.set(key, [reason, times + 1])
  }
  return [...found.values()].sort(([, a], [, b]) => b - a)
}

/** In doubt and sent again most often; among equals the one that was tried most often. */
const mostToTell = (rows: ReadonlyArray<ExecutionRow>): ExecutionRow | undefined =>
  rows.toSorted((a, b) => b.context.resent - a.context.resent || b.context.attempt - a.context.attempt)[0]

/** Reads every execution of the demo's campaign. */
export const findings = async (runtime: Runtime): Promise<Findings> => {
  const rows: Array<ExecutionRow> = []
  for await (const row of runtime.executions.list({ campaignId: campaign.id })) rows.push(row)
  const chosen = mostToTell(rows)
  return {
    rows,
    retries: rows.reduce((sum, { context }) => sum + Math.max(0, context.attempt - 1), 0),
    reasons: countReasons(rows),
    example: chosen === undefined ? undefined : await runtime.explain(chosen.id),
  }
}
