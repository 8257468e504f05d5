import type { NewExecution } from "../../domain/execution.ts"
import { StorageError } from "../../errors.ts"
import type { Commit, EnrollItem, StorageDriver } from "../driver.ts"
import { decideCommit, decideSignal, newRow, type RowEntry, scheduledEvent } from "../rules.ts"
import type { Engine, Work } from "./engine.ts"
import type { Stored } from "./records.ts"
import { countsDelta, enrollmentDelta } from "./totals.ts"

const insert = (engine: Engine, work: Work, execution: NewExecution): boolean => {
  const stored = engine.records.insertExecution(newRow(execution))
  if (stored === undefined) return false
  engine.records.appendHistory(stored, [scheduledEvent(execution)])
  countsDelta(work.delta(execution.campaignId), null, stored.row)
  engine.lanes.enter(stored)
  return true
}

const enrollOne = (engine: Engine, work: Work, item: EnrollItem): "created" | "duplicate" => {
  const { records } = engine
  if (!records.insertEnrollment(item.enrollment)) return "duplicate"
  if (!insert(engine, work, item.execution)) {
    records.removeEnrollment(item.enrollment)
    return "duplicate"
  }
  records.insertDocument({ kind: "lead", key: item.lead.id, value: { ...item.lead } })
  enrollmentDelta(work.delta(item.enrollment.campaignId), null, item.enrollment.status)
  return "created"
}

const store = (engine: Engine, work: Work, before: Stored, next: RowEntry, commit: Commit): void => {
  const { records } = engine
  const after = engine.replace(work, before, next)
  if (commit.events.length > 0) records.appendHistory(after, commit.events)
  // A plan whose execution is there already was stored by an earlier commit: it stays as it is.
  if (commit.plan !== undefined) insert(engine, work, commit.plan)
  if (commit.enrollment === undefined) return
  const status = records.moveEnrollment(after.row.enrollmentId, commit.enrollment)
  if (status !== undefined) enrollmentDelta(work.delta(after.row.campaignId), status, commit.enrollment)
}

/** Everything that changes what an execution is. */
export const commitMethods = (
  engine: Engine,
  options: { readonly maxExecutions?: number | undefined },
): Pick<StorageDriver, "enroll" | "commit" | "signal"> => ({
  enroll: (items) =>
    engine.write(true, (work) => {
      const { maxExecutions } = options
      if (maxExecutions !== undefined && engine.records.executionCount() + items.length > maxExecutions)
        throw new StorageError({
          storage: engine.storage,
          code: "too-many-executions",
          retryable: false,
          indeterminate: false,
          message: `The ${engine.storage} storage is meant for at most ${maxExecutions} executions; nothing of this batch was enrolled. Use the sqlite storage for more`,
        })
      return items.map((item) => enrollOne(engine, work, item))
    }),

  commit: (commits, now) =>
    engine.write(true, (work) =>
      commits.map((commit) => {
        const before = engine.find(commit.id)
        const { result, next } = decideCommit(before, commit, engine.world, now)
        if (before !== undefined && next !== undefined) store(engine, work, before, next, commit)
        return result
      }),
    ),

  signal: (signals) =>
    engine.write(true, (work) =>
      signals.map((signal) => {
        const before = engine.find(signal.commit.id)
        const { result, next } = decideSignal(before, signal)
        if (before !== undefined && next !== undefined) {
          if (result === "applied") store(engine, work, before, next, signal.commit)
          else engine.replace(work, before, next)
        }
        return { type: result }
      }),
    ),
})
