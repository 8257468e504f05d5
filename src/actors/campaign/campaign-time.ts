import type { CampaignClock } from "./record.ts"

/** The campaign's instant (epoch ms) at an instant of the world: calendars go by it. The same unless the campaign runs faster. */
export const campaignTime = ({ origin, scale }: CampaignClock, at: number): number => origin + (at - origin) * scale

/** The instant of the world (epoch ms, rounded up) at which the campaign's clock shows this one. */
export const worldTime = ({ origin, scale }: CampaignClock, at: number): number =>
  Math.ceil(origin + (at - origin) / scale)
