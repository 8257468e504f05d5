import { cancelMany, cancelManyLater, cancelOne, retryLaterBy } from "./execution-writes.ts"
import { scheduleLater } from "./scheduling.ts"
import { Service } from "./service.ts"
import type { CampaignExecution } from "./types.ts"

const dayMs = 86_400_000

/** Schedules mails and takes them back. */
export class ExecutionScheduler extends Service {
  /** Schedules one mail; durable once it answers with the execution's id. Each call makes an execution of its own. */
  async scheduleEmailCampaign(
    campaignId: string,
    leadId: string,
    templateId: string,
    scheduledFor: Date,
  ): Promise<string> {
    const [id = ""] = await scheduleLater(this.core, campaignId, [{ leadId, templateId, at: scheduledFor }])
    return id
  }

  /** Schedules a sequence in one step: the first mail now, each next 24 hours later. */
  async scheduleLeadCampaign(leadId: string, campaignId: string, templates: string[]): Promise<string[]> {
    await this.core.open()
    const now = this.core.now()
    const mails = templates.map((templateId, index) => ({ leadId, templateId, at: new Date(now + index * dayMs) }))
    return [...(await scheduleLater(this.core, campaignId, mails))]
  }

  /** Plans the next try so many milliseconds from now; `execution` is changed accordingly. */
  scheduleRetry(execution: CampaignExecution, retryDelayMs: number): void {
    this.core.write("executionScheduler.scheduleRetryAsync", (access) =>
      retryLaterBy(this.core, access, execution, retryDelayMs),
    )
  }

  /** As `scheduleRetry`, for every storage. */
  scheduleRetryAsync(execution: CampaignExecution, retryDelayMs: number): Promise<void> {
    return this.core.writeLater((access) => retryLaterBy(this.core, access, execution, retryDelayMs))
  }

  /** `true` only for a scheduled one: it is never sent, and no longer listed. */
  cancelExecution(executionId: string): boolean {
    return this.core.write("executionScheduler.cancelExecutionAsync", (access) =>
      cancelOne(this.core, access, executionId),
    )
  }

  /** As `cancelExecution`, for every storage. */
  cancelExecutionAsync(executionId: string): Promise<boolean> {
    return this.core.writeLater((access) => cancelOne(this.core, access, executionId))
  }

  /** Scheduled ones of this campaign or lead become `failed`, "Cancelled by user"; answers how many. */
  cancelExecutions(campaignId?: string, leadId?: string): number {
    return this.core.write("executionScheduler.cancelExecutionsAsync", (access) =>
      cancelMany(this.core, access, campaignId, leadId),
    )
  }

  /** As `cancelExecutions`, for every storage. */
  cancelExecutionsAsync(campaignId?: string, leadId?: string): Promise<number> {
    return cancelManyLater(this.core, campaignId, leadId)
  }

  /** Scheduled ones whose time has come, the longest due first. */
  getDueExecutions(maxCount = 10): CampaignExecution[] {
    return this.core.due(maxCount)
  }
}
