export { CampaignOrchestrator, CampaignOrchestrator as CampaignExecutionEngine } from "./campaign-orchestrator.ts"
export { type Compat, createCompat } from "./compat.ts"
export { DEFAULT_RETRY_CONFIG, DEFAULT_TEMPLATE_SEQUENCE } from "./constants.ts"
export { ExecutionMonitor } from "./execution-monitor.ts"
export { ExecutionProcessor } from "./execution-processor.ts"
export { ExecutionScheduler } from "./execution-scheduler.ts"
export { ExecutionStorage } from "./execution-storage.ts"
export { LeadAssignmentService } from "./lead-assignment-service.ts"
export type { CompatOptions } from "./options.ts"
export { OwnCampaigns, OwnCommunications, OwnLeads, OwnTemplates } from "./own-documents.ts"
export { RetryManager } from "./retry-manager.ts"
export {
  campaignExecutionEngine,
  campaignOrchestrator,
  campaignOrchestrator as default,
  compat,
  configureCompat,
  executionMonitor,
  executionProcessor,
  executionScheduler,
  executionStorage,
  leadAssignmentService,
  resetCompat,
  retryManager,
  templateRenderingService,
} from "./singletons.ts"
export type {
  CampaignSource,
  Communication,
  CommunicationSink,
  HostCampaign,
  HostLead,
  HostTemplate,
  InboundMailbox,
  InboundMessage,
  LeadSource,
  TemplateSource,
} from "./sources.ts"
export { TemplateRenderingService } from "./template-rendering-service.ts"
export type * from "./types.ts"
