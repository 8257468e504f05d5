import type { ExecutionRow } from "../../sdk/index.ts"
import { eventKeyOf, type LeadEvent, type LeadEvents, lastEventFor } from "./lead-events.ts"

/** A mail, as far as it says since when its enrollment hears of events. */
export type Hearer = Pick<ExecutionRow, "campaignId" | "context" | "createdAt">

/** Since when events count for an execution. */
export const enrolledAtOf = ({ context, createdAt }: Omit<Hearer, "campaignId">): number =>
  context.enrolledAt ?? createdAt

/**
 * When an event last happened, as the enrollment hears it; `undefined` for never. What was told before it is none of it,
 * whatever its time: nor the event that enrolled the lead, nor the one that ended the enrollment before.
 */
export const lastHeardBy =
  (row: Hearer, events: LeadEvents) =>
  (event: string): number | undefined => {
    const at = lastEventFor(events, row.campaignId)(event)
    const { toldBefore = {} } = row.context
    if (at === undefined || at < enrolledAtOf(row)) return undefined
    return Object.hasOwn(toldBefore, event) && at <= (toldBefore[event] ?? at) ? undefined : at
  }

/** Whether the enrollment hears an event that is told now, or once more. */
export const hears = (row: Hearer, event: Pick<LeadEvent, "lead" | "id" | "at">): boolean =>
  event.at >= enrolledAtOf(row) && row.context.occasion !== eventKeyOf(event)
