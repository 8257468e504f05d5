import { Conflict } from "sendstate"
import type { CampaignInput, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import type { Engine } from "./engine.ts"
import { chain } from "./maybe-promise.ts"
import { noSender } from "./placeholder.ts"
import { nativePolicyOf } from "./retry-delay.ts"

const markKey = (campaignId: string): string => `compat/made-campaign/${campaignId}`

/** Whether the campaign was made here, and follows the retry policy of the old interface. */
export const isMadeHere = (access: Access, campaignId: string): MaybePromise<boolean> =>
  chain(access.setting(markKey(campaignId)), (mark) => mark !== undefined)

const isDifferent = (error: unknown): boolean => error instanceof Conflict && error.code === "campaign-differs"

// One that the native API made is used as it is.
const createOrUse = (access: Access, campaign: CampaignInput): MaybePromise<void> => {
  const mark = (): MaybePromise<void> => access.putSettings([{ key: markKey(campaign.id), value: { made: true } }])
  const used = (error: unknown): void => {
    if (!isDifferent(error)) throw error
  }
  try {
    const created = access.create(campaign, false)
    return created instanceof Promise ? created.then(mark, used) : mark()
  } catch (error) {
    return used(error)
  }
}

/**
 * Makes sure that there is a native campaign without steps of its own, with the sender and the retry policy that hold
 * now, for mails to be scheduled in.
 */
export const ensureCampaign = (
  engine: Engine,
  access: Access,
  campaignId: string,
  from: string | null | undefined,
): MaybePromise<void> => {
  if (engine.readyCampaigns.has(campaignId)) return
  const campaign: CampaignInput = {
    id: campaignId,
    from: from ?? engine.options.from ?? noSender,
    steps: [],
    retry: nativePolicyOf(engine.retry),
  }
  return chain(isMadeHere(access, campaignId), (made) =>
    chain(made ? access.create(campaign, true) : createOrUse(access, campaign), () => {
      engine.readyCampaigns.add(campaignId)
    }),
  )
}
