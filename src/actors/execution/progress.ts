import { type ExecutionRest, hasEnded, stepExecution } from "../../machines/index.ts"
import type { Commit, ExecutionEvent, ExecutionRow, Intent, NewExecution } from "../../sdk/index.ts"

/** A claimed execution on its way to the next commit: what the machine made of it, and the events that led there. */
export interface Progress extends ExecutionRest {
  readonly row: ExecutionRow
  readonly events: ReadonlyArray<ExecutionEvent>
}

/** Where a row stands, nothing happened yet. */
export const progressOf = (row: ExecutionRow): Progress => ({ row, state: row.state, context: row.context, events: [] })

/** One event further. An event that the machine does not take here changes nothing and is not recorded. */
export const advance = (progress: Progress, event: ExecutionEvent): Progress => {
  const step = stepExecution(progress, event)
  return step.accepted
    ? { ...progress, state: step.state, context: step.context, events: [...progress.events, event] }
    : progress
}

/** An event that changes nothing but belongs to the history: evidence about an execution that has ended. */
export const note = (progress: Progress, event: ExecutionEvent): Progress => ({
  ...progress,
  events: [...progress.events, event],
})

/** What follows in the enrollment when an execution ends. */
export interface Successor {
  /** The next step's or the next round's execution; `undefined` when this was the last. */
  readonly next: NewExecution | undefined
  /** Nothing follows, and yet a mail of the enrollment is under way: of a later round than one that was run again. */
  readonly isAccompanied?: boolean
}

export interface CommitOptions {
  /** Default: no intent is open afterwards. */
  readonly intent?: Intent
  readonly receipt?: boolean
  /** Keeps the lease; default: it is given back. */
  readonly leaseUntil?: number
  readonly requires?: Commit["requires"]
  readonly appliedFlags?: number
  /** Default: what the machine planned. */
  readonly dueAt?: number | null
  readonly successor?: Successor
}

const reachedGoal = (event: ExecutionEvent): boolean => event.type === "CANCEL" && event.by === "goal"

// With nothing to follow, the enrollment ends; it is finished when its last mail was sent or skipped, or by its goal.
const enrollmentChange = (
  progress: Progress,
  successor: Successor | undefined,
): Pick<Commit, "plan" | "enrollment"> => {
  const hadEnded = hasEnded(progress.row.state)
  if (!hasEnded(progress.state)) return hadEnded ? { enrollment: "active" } : {}
  if (hadEnded) return {}
  if (successor?.next !== undefined) return { plan: successor.next }
  if (successor?.isAccompanied === true) return {}
  const wentWell =
    progress.state === "done"
      ? ["sent", "skipped"].includes(progress.context.outcome ?? "")
      : progress.events.some(reachedGoal)
  return { enrollment: wentWell ? "finished" : "ended" }
}

/** The commit that makes this progress durable. */
export const commitOf = (progress: Progress, options: CommitOptions = {}): Commit => ({
  id: progress.row.id,
  token: progress.row.token,
  version: progress.row.version,
  state: progress.state,
  context: progress.context,
  dueAt: options.dueAt === undefined ? progress.context.dueAt : options.dueAt,
  intent: options.intent ?? null,
  events: progress.events,
  appliedFlags: options.appliedFlags ?? 0,
  receipt: options.receipt ?? false,
  leaseUntil: options.leaseUntil ?? null,
  ...(options.requires === undefined ? {} : { requires: options.requires }),
  ...enrollmentChange(progress, options.successor),
})
