export type { CancelSelection } from "./actors/cancel-orders.ts"
export type { InboundMessage, ReceiveResult } from "./actors/events/receiving.ts"
export type { SignalInput, SignalResult } from "./actors/events/signalling.ts"
export type { LeaseTimes } from "./actors/execution/lease.ts"
export type { LeadDirectory } from "./actors/lead-directory.ts"
export type { PreflightOptions, PreflightProblem, PreflightReport } from "./actors/preflight/preflight.ts"
export type { PreflightWarning } from "./actors/preflight/warnings.ts"
export type { Problem } from "./actors/problems.ts"
export type { ControlCommand, ControlResult } from "./actors/runtime/control.ts"
export type { EnrollOptions, EnrollResult, LeadSource, RejectedLead } from "./actors/runtime/enrolling.ts"
export type { CancelAnswer, ControlAnswer } from "./actors/runtime/execution-control.ts"
export type { ExplainedEvent, ExplainedFeedback, Explanation } from "./actors/runtime/explain.ts"
export type { ForgetOptions, ForgetResult } from "./actors/runtime/forgetting.ts"
export type { Health } from "./actors/runtime/health.ts"
export type { PruneOptions, PruneResult } from "./actors/runtime/pruning.ts"
export type { FeedbackAnswer } from "./actors/runtime/receiving-feedback.ts"
export type { AudienceReport, CampaignReport, EventCounts, VariantReport } from "./actors/runtime/reporting.ts"
export type { CreateOptions } from "./actors/runtime/runtime-actor.ts"
export type { ScheduleInput } from "./actors/runtime/scheduling.ts"
export type { Setting, SettingWrite } from "./actors/runtime/settings.ts"
export type { SoftBounceRule } from "./actors/runtime/soft-bounces.ts"
export type { SuppressionScope, SuppressOptions } from "./actors/runtime/suppressing.ts"
export type { PaceView } from "./actors/shaping/paces.ts"
export type { BucketView } from "./actors/shaping/shaper.ts"
export type { GateView } from "./actors/transport-gate.ts"
export type { CampaignHandle, CampaignStatus } from "./api/campaign-handle.ts"
export type { WaitOptions } from "./api/event-stream.ts"
export type { ExecutionFilter, ExecutionPage } from "./api/execution-list.ts"
export type { ExecutionsHandle } from "./api/executions-handle.ts"
export {
  type CampaignsHandle,
  createRuntime,
  createRuntimeSync,
  type LeadsHandle,
  type Runtime,
  type SettingsHandle,
  type SuppressionsHandle,
} from "./api/runtime-handle.ts"
export { type OpenCircuit, openStore, type StoreHandle } from "./api/store-handle.ts"
export type { SyncHandle } from "./api/sync-handle.ts"
export type { RuntimeOptions } from "./runtime.ts"
export * from "./sdk/errors.ts"
