import type { Explanation, Runtime } from "sendstate"
import type { ExecutionRow } from "sendstate/sdk"
import { campaign } from "./campaign.ts"

/** What a walk through all executions shows. */
export interface Findings {
  readonly rows: ReadonlyArray<ExecutionRow>
  readonly retries: number
  readonly reasons: ReadonlyArray<readonly [reason: string, times: number]>
  readonly example: Explanation | undefined
}

const endWords = ({ state, context }: ExecutionRow): string | undefined => {
  const outcome = state === "sending.inDoubt" ? "in doubt" : (context.outcome ?? state)
  if (outcome === "sent" || context.reason === null) return undefined
  return `${outcome}: ${context.reason.text ?? context.reason.code}`
}

/** In doubt and sent again, and the longest story of those; else the longest of all. */
const mostToTell = (rows: ReadonlyArray<ExecutionRow>): ExecutionRow | undefined =>
  rows.toSorted((a, b) => b.context.resent - a.context.resent || b.context.attempt - a.context.attempt)[0]

/** Reads every execution of the demo's campaign. */
export const findings = async (runtime: Runtime): Promise<Findings> => {
  const rows: Array<ExecutionRow> = []
  for await (const row of runtime.executions.list({ campaignId: campaign.id })) rows.push(row)
  const reasons = new Map<string, number>()
  for (const row of rows) {
    const words = endWords(row)
    if (words !== undefined) reasons.set(words, (reasons.get(words) ?? 0) + 1)
  }
  const chosen = mostToTell(rows)
  return {
    rows,
    retries: rows.reduce((sum, { context }) => sum + Math.max(0, context.attempt - 1), 0),
    reasons: [...reasons].sort(([, a], [, b]) => b - a),
    example: chosen === undefined ? undefined : await runtime.explain(chosen.id),
  }
}
