import { forceExecution } from "./forcing.ts"
import { Service } from "./service.ts"
import type { CampaignExecution, ExecutionReport, ExecutionStats, HealthStatus } from "./types.ts"

const reportSize = 10

/** Says where things stand. */
export class ExecutionMonitor extends Service {
  /** Sends what is due at once and goes on; a second start changes nothing. */
  start(): Promise<void> {
    return this.core.start()
  }

  /** Sends under way end; nothing more starts. */
  stop(): Promise<void> {
    return this.core.stop()
  }

  /** Counts by status, and the executions that were counted. */
  getExecutionStats(campaignId?: string): ExecutionStats {
    return this.core.view().stats(campaignId)
  }

  /** As `getExecutionStats`, read from the storage: also what memory no longer holds. */
  async getExecutionStatsAsync(campaignId?: string): Promise<ExecutionStats> {
    const executions = await this.core.readAll({ campaignId })
    const stats: ExecutionStats = { total: 0, scheduled: 0, executing: 0, completed: 0, failed: 0, executions }
    for (const { status } of executions) {
      stats.total += 1
      stats[status] += 1
    }
    return stats
  }

  /** The execution, or `undefined`. */
  getExecutionStatus(executionId: string): CampaignExecution | undefined {
    return this.core.read(executionId)
  }

  /** As `getExecutionStatus`, also for what memory no longer holds. */
  getExecutionStatusAsync(executionId: string): Promise<CampaignExecution | undefined> {
    return this.core.readLater(executionId)
  }

  /** All of one campaign. */
  getCampaignExecutions(campaignId: string): CampaignExecution[] {
    return this.core.view().list(campaignId)
  }

  /** As `getCampaignExecutions`, read from the storage: also what memory no longer holds. */
  getCampaignExecutionsAsync(campaignId: string): Promise<CampaignExecution[]> {
    return this.core.readAll({ campaignId })
  }

  /** All of one lead. */
  getLeadExecutions(leadId: string): CampaignExecution[] {
    return this.core.view().ofLead(leadId)
  }

  /** As `getLeadExecutions`, read from the storage: also what memory no longer holds. */
  getLeadExecutionsAsync(leadId: string): Promise<CampaignExecution[]> {
    return this.core.readAll({ leadId })
  }

  /** Whether it runs, what waits, what failed, and when a try last began. */
  getHealthStatus(): HealthStatus {
    const view = this.core.view()
    const { scheduled, failed } = view.counts()
    return {
      isRunning: this.core.isRunning,
      totalExecutions: view.size,
      pendingExecutions: scheduled,
      failedExecutions: failed,
      ...(view.lastProcessedAt === 0 ? {} : { lastProcessedAt: new Date(view.lastProcessedAt) }),
    }
  }

  /** Runs a scheduled one now, whatever its time; `false` for others. */
  forceProcessExecution(executionId: string): Promise<boolean> {
    return forceExecution(this.core, executionId)
  }

  /** Whether it was started and not stopped. */
  isMonitorRunning(): boolean {
    return this.core.isRunning
  }

  /** Counts, the 10 newest failures and the 10 soonest mails. */
  getExecutionReport(campaignId?: string): ExecutionReport {
    return this.core.view().report(campaignId, reportSize)
  }
}
