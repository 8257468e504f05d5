import type { Core } from "./core.ts"
import { ExecutionMonitor } from "./execution-monitor.ts"
import { ExecutionScheduler } from "./execution-scheduler.ts"
import { ExecutionStorage } from "./execution-storage.ts"
import { LeadAssignmentService } from "./lead-assignment-service.ts"
import { Service, sharedCore } from "./service.ts"
import type { CampaignExecution, ExecutionReport, ExecutionStats, HealthStatus } from "./types.ts"

/** The whole engine in one object. */
export class CampaignOrchestrator extends Service {
  readonly #monitor: ExecutionMonitor
  readonly #scheduler: ExecutionScheduler
  readonly #storage: ExecutionStorage
  readonly #assignment: LeadAssignmentService

  /** @internal */
  constructor(coreOf: () => Core = sharedCore) {
    super(coreOf)
    this.#monitor = new ExecutionMonitor(coreOf)
    this.#scheduler = new ExecutionScheduler(coreOf)
    this.#storage = new ExecutionStorage(coreOf)
    this.#assignment = new LeadAssignmentService(coreOf)
  }

  /** Sends what is due at once and goes on, also with what an earlier process left; a second start changes nothing. */
  start(): Promise<void> {
    return this.#monitor.start()
  }

  /** Sends under way end; nothing more starts. */
  stop(): Promise<void> {
    return this.#monitor.stop()
  }

  /** Schedules one mail; durable once it answers with the execution's id. Each call makes an execution of its own. */
  scheduleEmailCampaign(campaignId: string, leadId: string, templateId: string, scheduledFor: Date): Promise<string> {
    return this.#scheduler.scheduleEmailCampaign(campaignId, leadId, templateId, scheduledFor)
  }

  /** The execution, or `undefined`. */
  getExecutionStatus(executionId: string): CampaignExecution | undefined {
    return this.#monitor.getExecutionStatus(executionId)
  }

  /** All of one campaign. */
  getCampaignExecutions(campaignId: string): CampaignExecution[] {
    return this.#monitor.getCampaignExecutions(campaignId)
  }

  /** All that are listed. */
  getAllExecutions(): CampaignExecution[] {
    return this.#storage.getAll()
  }

  /** `true` only for a scheduled one: it is never sent, and no longer listed. */
  cancelExecution(executionId: string): boolean {
    return this.#scheduler.cancelExecution(executionId)
  }

  /** As `cancelExecution`, for every storage. */
  cancelExecutionAsync(executionId: string): Promise<boolean> {
    return this.#scheduler.cancelExecutionAsync(executionId)
  }

  /** Schedules the sequence for each lead. @throws NotFound naming the campaign when it is missing or not active. */
  triggerCampaign(campaignId: string, leadIds: string[], templateSequence?: string[]): Promise<void> {
    return this.#assignment.triggerCampaign(campaignId, leadIds, templateSequence)
  }

  /** Starts the first active campaign for leads that are `new` and in no campaign. Never rejects. */
  autoAssignLeads(): Promise<void> {
    return this.#assignment.autoAssignLeads()
  }

  /** Counts by status, and the executions that were counted. */
  async getExecutionStats(campaignId?: string): Promise<ExecutionStats> {
    return (await this.core.look()).stats(campaignId)
  }

  /** Scheduled ones of this campaign or lead become `failed`, "Cancelled by user"; answers how many. */
  cancelExecutions(campaignId?: string, leadId?: string): Promise<number> {
    return this.#scheduler.cancelExecutionsAsync(campaignId, leadId)
  }

  /** Whether it runs, what waits, what failed, and when a try last began. */
  getHealthStatus(): HealthStatus {
    return this.#monitor.getHealthStatus()
  }

  /** Counts, the 10 newest failures and the 10 soonest mails. */
  getExecutionReport(campaignId?: string): ExecutionReport {
    return this.#monitor.getExecutionReport(campaignId)
  }

  /** Runs a scheduled one now, whatever its time; `false` for others. */
  forceProcessExecution(executionId: string): Promise<boolean> {
    return this.#monitor.forceProcessExecution(executionId)
  }

  /** Cancels what is scheduled for the lead, and notes that it is in no campaign. */
  removeLeadFromCampaign(leadId: string): Promise<void> {
    return this.#assignment.removeLeadFromCampaign(leadId)
  }

  /** Whether it was started and not stopped. */
  isRunning(): boolean {
    return this.core.isRunning
  }

  /** Takes all from the list, and cancels the mails that wait. */
  clearAllExecutions(): void {
    this.#storage.clear()
  }
}
