import type { ExecutionRow, Lead } from "../../sdk/index.ts"
import { zoneFor } from "../calendar/zone.ts"
import type { Definition } from "../campaign/definition.ts"
import { closedUntil, nextTimeOfStep, type Timing } from "../campaign/timing.ts"
import type { CampaignOfExecution } from "./dependencies.ts"
import { advance, type Progress, progressOf } from "./progress.ts"

const timingOf = (campaign: CampaignOfExecution, definition: Definition, lead: Lead): Timing => ({
  definition,
  clock: campaign.time(),
  zone: zoneFor(definition, lead),
})

/**
 * The claimed row moved to when mail may be sent again; `undefined` while the hours are open, and stay open for `forMs`
 * milliseconds of the campaign. No attempt is used.
 */
export const waitForHours = (
  campaign: CampaignOfExecution,
  definition: Definition,
  row: ExecutionRow,
  lead: Lead,
  now: number,
  forMs = 0,
): Progress | undefined => {
  if (definition.calendar === undefined) return undefined
  const timing = timingOf(campaign, definition, lead)
  const due = closedUntil(timing, now) ?? closedUntil(timing, now + Math.ceil(forMs / timing.clock.scale))
  return due === undefined
    ? undefined
    : advance(progressOf(row), {
        type: "RESCHEDULE",
        at: now,
        dueAt: due.dueAt,
        ...(due.reason && { reason: due.reason }),
      })
}

const isLate = ({ late }: Definition, row: ExecutionRow, now: number): boolean =>
  late !== undefined &&
  late.policy !== "send" &&
  row.state === "scheduled" &&
  now - row.scheduledFor > Math.ceil(late.afterMs / row.context.timeScale)

/** What the campaign's policy makes of a claimed row whose time passed while nothing could be sent; `undefined` when it is sent. */
export const treatLate = (
  campaign: CampaignOfExecution,
  definition: Definition,
  row: ExecutionRow,
  lead: Lead,
  now: number,
): Progress | undefined => {
  if (!isLate(definition, row, now)) return undefined
  if (definition.late?.policy === "skip") return advance(progressOf(row), { type: "SKIP", at: now, code: "late" })
  const step = definition.steps[row.step]
  const next = step === undefined ? undefined : nextTimeOfStep(timingOf(campaign, definition, lead), step, now)
  if (next === undefined) return undefined
  const reason = { code: "late", text: `missed ${new Date(row.scheduledFor).toISOString()}` }
  return advance(progressOf(row), { type: "RESCHEDULE", at: now, dueAt: next.dueAt, reason })
}
