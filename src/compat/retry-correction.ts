import type { ExecutionEvent, ExecutionRow } from "sendstate/sdk"
import type { Access } from "./access.ts"
import type { Engine } from "./engine.ts"
import { isMadeHere } from "./native-campaign.ts"
import { nativePolicyOf, retryDelayOf } from "./retry-delay.ts"
import { identityOf } from "./shown-execution.ts"

type Failure = Extract<ExecutionEvent, { type: "FAILED" | "REJECTED" }>

const isFailure = (event: ExecutionEvent): event is Failure => event.type === "FAILED" || event.type === "REJECTED"

// Trouble of the host or of the configuration is nobody's fault: it uses up no try, and follows its own pace.
const isBlameless = (event: Failure): boolean =>
  event.type === "REJECTED" && (event.scope === "host" || event.scope === "config")

const followsPolicy = ({ context: { retry } }: ExecutionRow, core: Engine): boolean => {
  const native = nativePolicyOf(core.retry)
  const isExact = Number.isInteger(core.retry.retryDelayMs * core.retry.backoffMultiplier)
  return isExact && retry.attempts === native.attempts && retry.baseMs === native.base && retry.factor === native.factor
}

/**
 * An execution carries the policy that it was planned with. When another one holds by the time a try fails, or the host
 * counts other tries, its next try is moved, taken back or given, as that one says. Answers whether it did anything.
 */
export const correctRetry = async (
  core: Engine,
  access: Access,
  row: ExecutionRow,
  events: ReadonlyArray<ExecutionEvent>,
): Promise<boolean> => {
  const failure = events.findLast(isFailure)
  if (failure === undefined || !failure.retryable || isBlameless(failure)) return false
  const carried = core.ledger.carriedAttempts(identityOf(row.id).id)
  if ((carried === 0 && followsPolicy(row, core)) || !(await isMadeHere(access, row.campaignId))) return false
  const attempts = Math.max(0, row.context.attempt + carried)
  const nextAt = failure.at + retryDelayOf(core.retry, attempts)
  const hasTryLeft = attempts < core.retry.maxAttempts
  if (row.state === "retrying" && !hasTryLeft) {
    const { id } = identityOf(row.id)
    const shown = core.projection.get(id)
    await access.cancelWaiting([row.id])
    if (shown !== undefined) await core.ledger.record(access, [[id, { ...shown, status: "failed" }]])
    return true
  }
  if (row.state === "done" && row.context.outcome === "failed" && hasTryLeft) {
    if ((await access.retry(row.id)) === "applied") await access.reschedule(row.id, nextAt)
    return true
  }
  if (row.state !== "retrying" || row.scheduledFor === nextAt) return false
  await access.reschedule(row.id, nextAt)
  return true
}
