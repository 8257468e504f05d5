import { Conflict } from "sendstate"
import type { CampaignInput, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import type { Engine } from "./engine.ts"
import { chain } from "./maybe-promise.ts"
import { noSender } from "./placeholder.ts"
import { nativePolicyOf } from "./retry-delay.ts"

const markKey = (campaignId: string): string => `compat/made-campaign/${campaignId}`

/** What is kept of a campaign that was made here. */
interface Mark {
  /** The host's own sender of it, as it was told last; `null` for none. */
  readonly from: string | null
}

const markOf = (access: Access, campaignId: string): MaybePromise<Mark | undefined> =>
  chain(access.setting(markKey(campaignId)), (mark) =>
    mark === undefined ? undefined : { from: typeof mark.from === "string" ? mark.from : null },
  )

/** Whether the campaign was made here, and follows the retry policy of the old interface. */
export const isMadeHere = (access: Access, campaignId: string): MaybePromise<boolean> =>
  chain(markOf(access, campaignId), (mark) => mark !== undefined)

const isDifferent = (error: unknown): boolean => error instanceof Conflict && error.code === "campaign-differs"

// One that the native API made is used as it is.
const createOrUse = (access: Access, campaign: CampaignInput, mark: () => MaybePromise<void>): MaybePromise<void> => {
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
 * now, for mails to be scheduled in. `from` is the host's own sender of it, `null` for none; `undefined` where the host
 * could not be asked: then what it said last holds.
 */
export const ensureCampaign = (
  engine: Engine,
  access: Access,
  campaignId: string,
  from: string | null | undefined,
): MaybePromise<void> => {
  const { readyCampaigns, options } = engine
  if (readyCampaigns.has(campaignId) && (from === undefined || readyCampaigns.get(campaignId) === from)) return
  return chain(markOf(access, campaignId), (known) => {
    const own = from === undefined ? (known?.from ?? null) : from
    const campaign: CampaignInput = {
      id: campaignId,
      from: own ?? options.from ?? noSender,
      steps: [],
      retry: nativePolicyOf(engine.retry),
    }
    const mark = (): MaybePromise<void> =>
      known?.from === own
        ? undefined
        : access.putSettings([{ key: markKey(campaignId), value: { made: true, from: own } }])
    return chain(
      known === undefined ? createOrUse(access, campaign, mark) : chain(access.create(campaign, true), mark),
      () => {
        readyCampaigns.set(campaignId, from)
      },
    )
  })
}
