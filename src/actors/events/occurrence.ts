import type { TriggerTime } from "../../sdk/index.ts"
import { nextMatch, nextMoment } from "../calendar/moments.ts"
import { campaignTime, worldTime } from "../campaign/campaign-time.ts"
import type { CampaignClock } from "../campaign/record.ts"

/** Whose clocks a trigger's time goes by. */
export interface OccurrenceClock {
  readonly clock: CampaignClock
  /** IANA zone. */
  readonly zone: string
}

/** When a time comes next after this instant, epoch ms of the world; `undefined` for never again. */
export const nextOccurrence = (
  time: TriggerTime,
  { clock, zone }: OccurrenceClock,
  after: number,
): number | undefined => {
  const from = campaignTime(clock, after)
  const found = "cron" in time ? nextMatch(time, zone, from) : nextMoment(time.moment, zone, from)
  if (found === undefined) return undefined
  const at = worldTime(clock, found)
  // A date stays what it is when it has passed.
  return at > after ? at : undefined
}

/** The last time that it came after `since` and until `now`; `undefined` for never. */
export const latestOccurrence = (
  time: TriggerTime,
  clock: OccurrenceClock,
  { since, now }: { readonly since: number; readonly now: number },
): number | undefined => {
  let latest: number | undefined
  for (let at = nextOccurrence(time, clock, since); at !== undefined && at <= now; at = nextOccurrence(time, clock, at))
    latest = at
  return latest
}
