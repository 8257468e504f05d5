import { NotFound } from "sendstate"
import { idOf } from "sendstate/sdk"
import { DEFAULT_TEMPLATE_SEQUENCE } from "./constants.ts"
import type { Core } from "./core.ts"
import { enrollIn, nativeCampaign } from "./native-start.ts"
import { scheduleLater } from "./scheduling.ts"
import type { HostCampaign } from "./sources.ts"

const dayMs = 86_400_000

/** Whether it may be started. */
export const isActive = ({ status }: HostCampaign): boolean => (status ?? "active").toLowerCase() === "active"

const sequenceOf = ({ settings }: HostCampaign): ReadonlyArray<string> => {
  const own = (settings?.touchSequence ?? []).map(({ templateId }) => templateId).filter((id) => Boolean(id))
  return own.length > 0 ? own : DEFAULT_TEMPLATE_SEQUENCE
}

const refusal = (campaignId: string, code: string, what: string): NotFound =>
  new NotFound({
    kind: "campaign",
    key: campaignId,
    code,
    retryable: false,
    message: `Campaign ${campaignId} ${what}: nobody was mailed.`,
  })

const inactive = (campaignId: string, status: unknown): NotFound =>
  refusal(campaignId, "campaign-inactive", `is not active (its status is "${status}")`)

/** How a campaign is started. */
export interface StartOptions {
  /** Default: the campaign's own sequence. */
  readonly templateSequence?: ReadonlyArray<string> | undefined
  /** From now to the first mail, milliseconds. */
  readonly delayMs?: number
  /** What it is started for: the same words again schedule nothing again. Default: each start is another one. */
  readonly occasion?: string
  /** Fails when the engine is stopped meanwhile, where it would be opened again. */
  readonly whileOpen?: boolean
}

/** What a start did. */
interface Start {
  /** `false` where the same occasion had scheduled its mails before. */
  readonly isNew: boolean
  /** The leads whose campaign was noted. */
  readonly noted: ReadonlyArray<string>
}

/**
 * Schedules a campaign's mails for leads: the first now, each next 24 hours later. All are stored in one step. Leads of a
 * campaign of the native API are enrolled in it instead, where no sequence is given.
 *
 * @throws NotFound naming the campaign when it is missing or not active.
 */
export const startCampaign = async (
  core: Core,
  campaignId: string,
  leadIds: ReadonlyArray<string>,
  { templateSequence = [], delayMs = 0, occasion, whileOpen = false }: StartOptions = {},
): Promise<Start> => {
  const campaign = await core.campaigns.get(campaignId)
  if (whileOpen) await core.requireOpen()
  if (campaign && !isActive(campaign)) throw inactive(campaignId, campaign.status)
  const native = campaign ? undefined : await nativeCampaign(core, campaignId)
  if (!campaign && native === undefined) throw refusal(campaignId, "campaign-missing", "was not found")
  const state = native?.status().state ?? "running"
  if (state !== "running" && state !== "completed") throw inactive(campaignId, state)
  let isNew = true
  if (native !== undefined && templateSequence.length === 0) {
    if (occasion !== undefined)
      throw refusal(campaignId, "native-trigger", "is one of the native API: give it triggers of its own")
    await enrollIn(core, native, leadIds)
  } else {
    const templates = templateSequence.length > 0 || !campaign ? templateSequence : sequenceOf(campaign)
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
    if (occasion !== undefined && mails[0]?.id !== undefined) isNew = !(await core.isStored(mails[0].id))
    if (isNew) await scheduleLater(core, campaignId, mails, campaign?.from || null)
  }
  const noted: string[] = []
  for (const leadId of new Set(leadIds))
    await core.attempt(`Noting the campaign of the lead ${leadId}`, async () => {
      await core.leads.assign(leadId, campaignId)
      noted.push(leadId)
    })
  return { isNew, noted }
}
