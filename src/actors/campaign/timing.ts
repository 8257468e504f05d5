import type { Moment, Reason } from "../../sdk/index.ts"
import { momentReason, nextMatch, nextMoment } from "../calendar/moments.ts"
import { openSpanAt, windowReason } from "../calendar/sending-hours.ts"
import { campaignTime, worldTime } from "./campaign-time.ts"
import type { Definition } from "./definition.ts"
import type { CampaignClock } from "./record.ts"

/** When something may start: epoch ms of the world, and what it waits for beyond its delay. */
export interface Due {
  readonly dueAt: number
  readonly reason: Reason | undefined
}

/** What a time is planned by. */
export interface Timing {
  readonly definition: Pick<Definition, "calendar" | "repeat">
  readonly clock: CampaignClock
  /** IANA zone whose clocks count. */
  readonly zone: string
}

// An instant of the campaign, moved into the hours in which mail may be sent.
const withinHours = ({ definition, clock, zone }: Timing, at: number, reason?: Reason): Due => {
  const { calendar } = definition
  const opensAt = calendar === undefined ? at : Math.max(at, openSpanAt(calendar, zone, at).opensAt)
  return { dueAt: worldTime(clock, opensAt), reason: opensAt > at ? windowReason(zone, opensAt) : reason }
}

/** When a step is due whose delay begins at this instant. */
export const dueOfStep = (
  timing: Timing,
  step: { readonly afterMs: number; readonly on?: Moment; readonly waitUntil?: string },
  from: number,
): Due => {
  const after = campaignTime(timing.clock, from) + step.afterMs
  if (step.waitUntil !== undefined)
    return withinHours(timing, after, { code: "event", text: `${step.waitUntil}, or its timeout` })
  if (step.on === undefined) return withinHours(timing, after)
  return withinHours(timing, nextMoment(step.on, timing.zone, after), momentReason(step.on, timing.zone))
}

/** When something is due that somebody wants at this instant. */
export const dueAtOrAfter = (timing: Timing, at: number): Due => withinHours(timing, campaignTime(timing.clock, at))

/** When the next round begins after this instant; `undefined` when the campaign comes no more. */
export const nextRound = ({ definition, clock, zone }: Timing, round: number, after: number): number | undefined => {
  const { repeat } = definition
  if (repeat === undefined || (repeat.times !== null && round >= repeat.times)) return undefined
  const at = nextMatch(repeat, zone, campaignTime(clock, after))
  return at === undefined || (repeat.until !== null && at > repeat.until) ? undefined : worldTime(clock, at)
}

/** Until when mail must wait at this instant because the hours are closed; `undefined` while they are open. */
export const closedUntil = (timing: Timing, now: number): Due | undefined => {
  if (timing.definition.calendar === undefined) return undefined
  const due = dueAtOrAfter(timing, now)
  return due.dueAt > now ? due : undefined
}

/** The next time that the step's own calendar rule gives after this instant; `undefined` without one. */
export const nextTimeOfStep = (timing: Timing, step: { readonly on?: Moment }, now: number): Due | undefined => {
  if (step.on === undefined) return undefined
  const due = withinHours(timing, nextMoment(step.on, timing.zone, campaignTime(timing.clock, now)))
  return due.dueAt > now ? due : undefined
}
