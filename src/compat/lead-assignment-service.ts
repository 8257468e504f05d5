import { isActive, startCampaign } from "./campaign-start.ts"
import { cancelManyLater } from "./execution-writes.ts"
import { Service } from "./service.ts"

/** Brings leads and campaigns together. */
export class LeadAssignmentService extends Service {
  /**
   * Schedules the sequence for each lead; durable once it answers.
   *
   * @throws NotFound naming the campaign when it is missing or not active.
   */
  triggerCampaign(campaignId: string, leadIds: string[], templateSequence?: string[]): Promise<void> {
    return startCampaign(this.core, campaignId, leadIds, { templateSequence })
  }

  /** Starts the first active campaign for leads that are `new` and in no campaign. Never rejects: what fails is a warning. */
  autoAssignLeads(): Promise<void> {
    const { core } = this
    return core.attempt("Assigning new leads", async () => {
      const campaign = (await core.campaigns.list()).find(isActive)
      if (campaign === undefined) return
      for (const { id } of await core.leads.listUnassigned("new"))
        await core.attempt(`Assigning the lead ${id}`, () =>
          startCampaign(core, campaign.id, [id], { occasion: "auto-assign" }),
        )
    })
  }

  /** Cancels what is scheduled for the lead, and notes that it is in no campaign. */
  async removeLeadFromCampaign(leadId: string): Promise<void> {
    await cancelManyLater(this.core, undefined, leadId)
    await this.core.leads.assign(leadId, null)
  }
}
