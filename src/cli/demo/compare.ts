import { buckets, type Counts, type ExecutionRow, isConserved } from "sendstate/sdk"
import { messageIdOf } from "./campaign.ts"
import type { Copy, Ledger } from "./ledger.ts"

/** What the store says of one execution, as far as the inbox can confirm or deny it. */
export type Claim = Pick<ExecutionRow, "id" | "leadId" | "state" | "context">

const aboutCopies = (claim: Claim, copies: ReadonlyArray<Copy>): ReadonlyArray<string> => {
  const { id, leadId, context } = claim
  const differences: Array<string> = []
  const sent = claim.state === "done" && context.outcome === "sent"
  if (sent && copies.length === 0) differences.push(`${id}: reported sent, but the inbox has no mail of it`)
  if (!sent && copies.length > 0 && context.delivery !== "unknown")
    differences.push(`${id}: reported ${context.outcome ?? claim.state}, but the inbox has ${copies.length} of it`)
  // Each copy beyond the first must be owed to a doubt that was answered by sending again.
  if (copies.length > 1 + Math.min(context.doubts, context.resent))
    differences.push(`${id}: ${copies.length} copies, with ${context.doubts} doubts and ${context.resent} resent`)
  for (const { recipient, faults = [] } of copies) {
    // A lead's id is its address where none is given.
    if (recipient !== leadId) differences.push(`${id}: meant for ${leadId}, arrived at ${recipient}`)
    if (faults.length > 0) differences.push(`${id}: arrived with faults: ${faults.join("; ")}`)
  }
  return differences
}

const aboutTotals = (claims: ReadonlyArray<Claim>, counts: Counts): ReadonlyArray<string> => {
  const differences: Array<string> = []
  const check = (what: string, counted: number, listed: number): void => {
    if (counted !== listed) differences.push(`${what}: ${counted} in the counts, ${listed} in the list`)
  }
  if (!isConserved(counts))
    differences.push(
      `planned is ${counts.planned}, its parts are ${buckets.map((bucket) => counts[bucket]).join(" + ")}`,
    )
  check("planned", counts.planned, claims.length)
  for (const outcome of ["sent", "failed", "suppressed", "skipped"] as const)
    check(outcome, counts[outcome], claims.filter(({ context }) => context.outcome === outcome).length)
  const sum = (of: (claim: Claim) => number): number => claims.reduce((total, claim) => total + of(claim), 0)
  check(
    "in doubt",
    counts.inDoubtTotal,
    sum(({ context }) => context.doubts),
  )
  check(
    "resent",
    counts.resent,
    sum(({ context }) => context.resent),
  )
  return differences
}

/** Everything in which the store's report and the inbox's books disagree, message by message; empty is the promise. */
export const compare = (claims: ReadonlyArray<Claim>, counts: Counts, ledger: Ledger): ReadonlyArray<string> => {
  const copies = Map.groupBy(ledger.copies, ({ messageId }) => messageId)
  const known = new Set<string>()
  const differences = [...aboutTotals(claims, counts)]
  for (const claim of claims) {
    const messageId = messageIdOf(claim.id)
    known.add(messageId)
    differences.push(...aboutCopies(claim, copies.get(messageId) ?? []))
    const cuts = ledger.cutsOf(messageId)
    if (cuts !== claim.context.doubts)
      differences.push(`${claim.id}: the inbox cut ${cuts} connections, ${claim.context.doubts} doubts are reported`)
  }
  for (const [messageId, found] of copies)
    if (!known.has(messageId)) differences.push(`${messageId}: ${found.length} in the inbox, unknown to the store`)
  return differences
}
