import type { CampaignState, Counts } from "sendstate/sdk"

/** What a script can tell from the exit status. */
export const exitCodes = {
  done: 0,
  /** Wrong usage or configuration, or a campaign that cannot go on without a person (wrong password). */
  trouble: 1,
  /** Failed executions or rejected rows. */
  failures: 2,
  inDoubt: 3,
  workRemains: 4,
  /** Drained by Ctrl-C; 128 + SIGINT. */
  drained: 130,
} as const

/** An exit status of this command line. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** How a run ended, as far as its exit code goes. */
export interface RunEnd {
  readonly drained: boolean
  readonly state: CampaignState
  readonly counts: Counts
  readonly rejected: number
}

/** The first that applies: drained, degraded, in doubt, failures, work remains, done. */
export const exitCodeOf = ({ drained, state, counts, rejected }: RunEnd): ExitCode => {
  const waiting = counts.scheduled + counts.rendering + counts.sending + counts.retrying
  if (drained) return exitCodes.drained
  if (state === "degraded") return exitCodes.trouble
  if (counts.inDoubt > 0) return exitCodes.inDoubt
  if (counts.failed > 0 || rejected > 0) return exitCodes.failures
  if (waiting > 0 || state === "paused" || state === "cancelled") return exitCodes.workRemains
  return exitCodes.done
}
