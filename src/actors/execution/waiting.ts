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

/**
 * When it was to start: as planned or moved, whatever a limit or a trouble of the host has made of it. A first attempt that
 * counts for nothing began in time.
 */
const plannedStart = ({ state, context, scheduledFor }: ExecutionRow): number =>
  context.plannedFor ?? (state === "retrying" ? (context.firstAttemptAt ?? scheduledFor) : scheduledFor)

/** What a campaign that heeds lateness keeps about a mail that is held up. */
export const heldUp = ({ late }: Definition, row: ExecutionRow): { readonly plannedFor?: number } =>
  late === undefined || late.policy === "send" ? {} : { plannedFor: plannedStart(row) }

/** When a mail was to start that is late by the campaign's policy; `undefined` for one that is not. */
export const missedStart = ({ late }: Definition, row: ExecutionRow, now: number): number | undefined => {
  // An attempt that counts was made in time: what follows is a retry.
  if (late === undefined || late.policy === "send" || row.context.used > 0) return undefined
  const start = plannedStart(row)
  return now - start > Math.ceil(late.afterMs / row.context.timeScale) ? start : undefined
}

/** What the campaign's policy makes of a claimed row whose time passed while nothing could be sent; `undefined` when it is sent. */
export const treatLate = (
  campaign: CampaignOfExecution,
  definition: Definition,
  row: ExecutionRow,
  lead: Lead,
  now: number,
): Progress | undefined => {
  const missed = missedStart(definition, row, now)
  if (missed === undefined) return undefined
  if (definition.late?.policy === "skip") return advance(progressOf(row), { type: "SKIP", at: now, code: "late" })
  const step = definition.steps[row.step]
  const next = step === undefined ? undefined : nextTimeOfStep(timingOf(campaign, definition, lead), step, now)
  if (next === undefined) return undefined
  const reason = { code: "late", text: `missed ${new Date(missed).toISOString()}` }
  return advance(progressOf(row), { type: "RESCHEDULE", at: now, dueAt: next.dueAt, reason })
}
