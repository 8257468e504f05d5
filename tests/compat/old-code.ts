/** Code as it was written against the old interface: it compiles unchanged. Checked by tsc; run by types.test.ts. */
import engine, {
  type CampaignExecution,
  type CampaignExecutionEngine,
  type CampaignOrchestrator,
  type CampaignTrigger,
  DEFAULT_RETRY_CONFIG,
  DEFAULT_TEMPLATE_SEQUENCE,
  ExecutionMonitor,
  ExecutionProcessor,
  ExecutionScheduler,
  type ExecutionStats,
  ExecutionStorage,
  type LeadAssignmentOptions,
  LeadAssignmentService,
  type RenderedTemplate,
  type RetryConfig,
  RetryManager,
  type TemplateRenderData,
  TemplateRenderingService,
} from "sendstate/compat"

export const execution: CampaignExecution = {
  id: "1",
  campaignId: "c",
  leadId: "l",
  templateId: "t",
  scheduledFor: new Date(),
  status: "scheduled",
  attempts: 0,
}
execution.lastAttempt = new Date()
execution.errorMessage = "why"

export const trigger: CampaignTrigger = { type: "email", conditions: { emailSubject: "hi", timeDelay: 5 } }
export const data: TemplateRenderData = {
  firstName: "a",
  lastName: "b",
  email: "c",
  phone: "d",
  anything: { at: ["all"] },
}
export const shout = (value: TemplateRenderData): string => value.anything.at[0].toUpperCase()
export const config: RetryConfig = { ...DEFAULT_RETRY_CONFIG, maxAttempts: 5 }
export const assignment: LeadAssignmentOptions = {
  campaignId: "c",
  leadIds: ["l"],
  templateSequence: DEFAULT_TEMPLATE_SEQUENCE,
}

export const orchestrate = async (orchestrator: CampaignOrchestrator): Promise<void> => {
  await orchestrator.start()
  const id: string = await orchestrator.scheduleEmailCampaign("c", "l", "t", new Date())
  const status: CampaignExecution | undefined = orchestrator.getExecutionStatus(id)
  const all: CampaignExecution[] = [...orchestrator.getCampaignExecutions("c"), ...orchestrator.getAllExecutions()]
  const cancelled: boolean = orchestrator.cancelExecution(status?.id ?? "")
  await orchestrator.triggerCampaign(assignment.campaignId, assignment.leadIds, assignment.templateSequence)
  await orchestrator.autoAssignLeads()
  const stats: ExecutionStats = await orchestrator.getExecutionStats()
  const count: number = await orchestrator.cancelExecutions("c", "l")
  const { isRunning, totalExecutions, pendingExecutions, failedExecutions, lastProcessedAt } =
    orchestrator.getHealthStatus()
  const { summary, recentFailures, upcomingExecutions } = await orchestrator.getExecutionReport("c")
  const forced: boolean = await orchestrator.forceProcessExecution(id)
  await orchestrator.removeLeadFromCampaign("l")
  const running: boolean = orchestrator.isRunning()
  orchestrator.clearAllExecutions()
  await orchestrator.stop()
  void [all, cancelled, stats.executions, count, isRunning, totalExecutions, pendingExecutions, failedExecutions]
  void [lastProcessedAt?.getTime(), summary.total, recentFailures, upcomingExecutions, forced, running]
}

export const useServices = async (): Promise<void> => {
  const storage = new ExecutionStorage()
  storage.set("1", execution)
  const counts: { scheduled: number; executing: number; completed: number; failed: number } = storage.getStatusCounts()
  const changed: boolean = storage.updateStatus("1", "failed", "why")
  const due: CampaignExecution[] = storage.getDueExecutions(5)
  const size: number = storage.size()
  const scheduler = new ExecutionScheduler()
  const ids: string[] = await scheduler.scheduleLeadCampaign("l", "c", ["t"])
  scheduler.scheduleRetry(execution, 1_000)
  const cancelled: number = scheduler.cancelExecutions("c")
  const processor = new ExecutionProcessor()
  await processor.processExecution(execution)
  await processor.processBatch([execution])
  const monitor = new ExecutionMonitor()
  const stats: ExecutionStats = monitor.getExecutionStats()
  const ofLead: CampaignExecution[] = monitor.getLeadExecutions("l")
  const rendering = new TemplateRenderingService()
  const mail: RenderedTemplate | null = await rendering.renderTemplateForLead("t", "l")
  const metadata: { name?: string; subject?: string } | null = await rendering.getTemplateMetadata("t")
  const retries = new RetryManager({ maxAttempts: 2 })
  const { canRetry, nextRetryDelay } = retries.getRetryStats(execution)
  retries.updateConfig({ retryDelayMs: 5 })
  retries.resetAttempts(execution)
  await new LeadAssignmentService().triggerCampaign("c", ["l"])
  void [
    counts,
    changed,
    due,
    size,
    ids,
    cancelled,
    stats,
    ofLead,
    mail?.html,
    metadata?.subject,
    canRetry,
    nextRetryDelay,
  ]
}

export const alias: CampaignExecutionEngine = engine
