import type { CampaignStatus, StoreHandle } from "sendstate"
import type { Counts } from "sendstate/sdk"
import { UsageError } from "./usage-error.ts"

/** A stored campaign with its numbers. */
export type StoredCampaign = CampaignStatus & { readonly counts: Counts }

const named = (campaigns: ReadonlyArray<StoredCampaign>): string =>
  campaigns.length === 0
    ? "there is none"
    : `there ${campaigns.length === 1 ? "is" : "are"} ${campaigns.map(({ id }) => id).join(", ")}`

/**
 * The campaign of that id, or the only one when none is named.
 *
 * @throws UsageError when there is none, or more than one to choose from.
 */
export const chooseCampaign = async (store: StoreHandle, id: string | undefined): Promise<StoredCampaign> => {
  const campaigns = await store.campaigns()
  const found = id === undefined && campaigns.length === 1 ? campaigns[0] : campaigns.find((one) => one.id === id)
  if (found !== undefined) return found
  throw new UsageError(
    id === undefined ? `Which campaign? ${named(campaigns)}.` : `No campaign "${id}": ${named(campaigns)}.`,
  )
}
