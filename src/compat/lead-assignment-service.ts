import { isActive, startCampaign } from "./campaign-start.ts"
import type { Core } from "./core.ts"
import { cancelManyLater } from "./execution-writes.ts"
import { Service } from "./service.ts"

/** Brings leads and campaigns together. */
export class LeadAssignmentService extends Service {
  /**
   * Schedules the sequence for each lead; durable once it answers.
   *
   * @throws NotFound naming the campaign when it is missing or not active.
   */
  async triggerCampaign(campaignId: string, leadIds: string[], templateSequence?: string[]): Promise<void> {
    await startCampaign(this.core, campaignId, leadIds, { templateSequence })
  }

  /** Starts the first active campaign for leads that are `new` and in no campaign. Never rejects: what fails is a warning. */
  autoAssignLeads(): Promise<void> {
    const { core } = this
    return core.attempt("Assigning new leads", async () => {
      const campaign = (await core.campaigns.list()).find(isActive)
      if (campaign === undefined) return
      for (const { id } of await core.leads.listUnassigned("new"))
        await core.attempt(`Assigning the lead ${id}`, () => assignOnce(core, campaign.id, id))
    })
  }

  /** Cancels what is scheduled for the lead, and notes that it is in no campaign. */
  async removeLeadFromCampaign(leadId: string): Promise<void> {
    await cancelManyLater(this.core, undefined, leadId)
    await this.core.leads.assign(leadId, null)
  }
}

const countKey = (leadId: string): string => `compat/auto-assign/${leadId}`

// Until it is noted that the lead has a campaign, the same assignment again schedules nothing twice; after it, a lead that
// is without a campaign again is assigned anew.
const assignOnce = async (core: Core, campaignId: string, leadId: string): Promise<void> => {
  const { access } = await core.open()
  const count = Number((await access.setting(countKey(leadId)))?.count ?? 0)
  const { noted } = await startCampaign(core, campaignId, [leadId], { occasion: `auto-assign ${count}` })
  if (noted.length > 0) await access.putSettings([{ key: countKey(leadId), value: { leadId, count: count + 1 } }])
}
