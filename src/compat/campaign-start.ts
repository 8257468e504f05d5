import { NotFound } from "sendstate"
import { idOf } from "sendstate/sdk"
import { DEFAULT_TEMPLATE_SEQUENCE } from "./constants.ts"
import type { Core } from "./core.ts"
import { scheduleLater } from "./scheduling.ts"
import type { HostCampaign } from "./sources.ts"

const dayMs = 86_400_000

/** Whether it may be started. */
export const isActive = ({ status }: HostCampaign): boolean => (status ?? "active").toLowerCase() === "active"

const sequenceOf = ({ settings }: HostCampaign): ReadonlyArray<string> => {
  const own = (settings?.touchSequence ?? []).map(({ templateId }) => templateId).filter((id) => Boolean(id))
  return own.length > 0 ? own : DEFAULT_TEMPLATE_SEQUENCE
}

/** The campaign, where it may be started. @throws NotFound naming it when it is missing or not active. */
const startable = async (core: Core, campaignId: string): Promise<HostCampaign> => {
  const campaign = await core.campaigns.get(campaignId)
  if (campaign && isActive(campaign)) return campaign
  const what = campaign ? `is not active (its status is "${campaign.status}")` : "was not found"
  throw new NotFound({
    kind: "campaign",
    key: campaignId,
    code: campaign ? "campaign-inactive" : "campaign-missing",
    retryable: false,
    message: `Campaign ${campaignId} ${what}: nobody was mailed.`,
  })
}

/** How a campaign is started. */
export interface StartOptions {
  /** Default: the campaign's own sequence. */
  readonly templateSequence?: ReadonlyArray<string> | undefined
  /** From now to the first mail, milliseconds. */
  readonly delayMs?: number
  /** What it is started for: the same words again schedule nothing again. Default: each start is another one. */
  readonly occasion?: string
}

/** Schedules a campaign's mails for leads: the first now, each next 24 hours later. All are stored in one step. */
export const startCampaign = async (
  core: Core,
  campaignId: string,
  leadIds: ReadonlyArray<string>,
  { templateSequence, delayMs = 0, occasion }: StartOptions = {},
): Promise<void> => {
  const campaign = await startable(core, campaignId)
  const given = templateSequence ?? []
  const templates = given.length > 0 ? given : sequenceOf(campaign)
  await core.open()
  const first = core.now() + delayMs
  const mails = leadIds.flatMap((leadId) =>
    templates.map((templateId, index) => ({
      leadId,
      templateId,
      at: new Date(first + index * dayMs),
      ...(occasion === undefined ? {} : { id: idOf("occasion", occasion, campaignId, leadId, index) }),
    })),
  )
  await scheduleLater(core, campaignId, mails)
  for (const leadId of new Set(leadIds))
    await core.attempt(`Noting the campaign of the lead ${leadId}`, () => core.leads.assign(leadId, campaignId))
}
