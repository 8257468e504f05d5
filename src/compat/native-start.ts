import { type CampaignHandle, NotFound } from "sendstate"
import { InvalidInput } from "sendstate/sdk"
import type { Core } from "./core.ts"
import { isMadeHere } from "./native-campaign.ts"
import { unknownAddress } from "./placeholder.ts"

/** The campaign that the native API made under this id, where it did. */
export const nativeCampaign = async (core: Core, campaignId: string): Promise<CampaignHandle | undefined> => {
  const { runtime, access } = await core.open()
  if (await isMadeHere(access, campaignId)) return undefined
  try {
    return await runtime.campaigns.get(campaignId)
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

/**
 * Enrolls leads in a native campaign: its own steps say what they get, and when. Who a lead is is asked when a mail is
 * sent.
 *
 * @throws InvalidInput naming the leads that were refused.
 */
export const enrollIn = async (core: Core, campaign: CampaignHandle, leadIds: ReadonlyArray<string>): Promise<void> => {
  const refused: string[] = []
  await core.writeLater(async (access) => {
    const leads = await Promise.all(leadIds.map(async (id) => (await access.lead(id)) ?? { id, email: unknownAddress }))
    await campaign.enroll(leads, { onRejected: ({ index }) => refused.push(String(leadIds[index])) })
  })
  if (refused.length === 0) return
  throw new InvalidInput({
    code: "leads-refused",
    retryable: false,
    issues: refused.map((path) => ({ path, message: "was refused" })),
    message: `The campaign ${campaign.id} refused the leads ${refused.join(", ")}; the others were enrolled.`,
  })
}
