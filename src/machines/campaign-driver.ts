import { getNextSnapshot } from "xstate"
import type { CampaignState } from "../sdk/index.ts"
import { type CampaignContext, type CampaignEvent, campaignMachine } from "./campaign.ts"

/** A campaign at rest: what its document keeps. */
export interface CampaignRest {
  readonly state: CampaignState
  readonly context: CampaignContext
}

/** A new campaign, in `draft`. */
export const startCampaign = (id: string): CampaignRest => ({
  state: "draft",
  context: { machine: 1, id, closed: false, cause: null },
})

/** The state after one event; `accepted` is false where the machine has no transition for it. */
export const stepCampaign = (
  rest: CampaignRest,
  event: CampaignEvent,
): CampaignRest & { readonly accepted: boolean } => {
  const before = campaignMachine.resolveState({ value: rest.state, context: rest.context })
  if (!before.can(event)) return { ...rest, accepted: false }
  const after = getNextSnapshot(campaignMachine, before, event)
  return { state: after.value as CampaignState, context: after.context, accepted: true }
}
