import { Conflict } from "sendstate"
import type { CampaignOrchestrator } from "./campaign-orchestrator.ts"
import { type Compat, compatOn } from "./compat.ts"
import type { ExecutionMonitor } from "./execution-monitor.ts"
import type { ExecutionProcessor } from "./execution-processor.ts"
import type { ExecutionScheduler } from "./execution-scheduler.ts"
import type { ExecutionStorage } from "./execution-storage.ts"
import type { LeadAssignmentService } from "./lead-assignment-service.ts"
import type { CompatOptions } from "./options.ts"
import type { RetryManager } from "./retry-manager.ts"
import { isSharedInUse, replaceSharedCore, sharedCore, sharedRetryChanges } from "./service.ts"
import type { TemplateRenderingService } from "./template-rendering-service.ts"

/** The engine of the singletons, with what the old interface did not have. */
export const compat: Compat = compatOn(sharedCore)

/**
 * Says what the singletons run on; what is left out has its default. To be called before they are used; what
 * `retryManager.updateConfig` said before holds where `retry` does not say otherwise.
 *
 * @throws Conflict `in-use` when they are in use already. InvalidInput for options that make no sense comes at first use.
 */
export const configureCompat = (options: CompatOptions): Compat => {
  if (isSharedInUse())
    throw new Conflict({
      code: "in-use",
      retryable: false,
      differences: [],
      message:
        "The singletons are in use already: call configureCompat before the first of their methods, or await campaignOrchestrator.stop() first.",
    })
  replaceSharedCore({ ...options, retry: { ...sharedRetryChanges(), ...options.retry } })
  return compat
}

/** Closes the singletons' engine and forgets its configuration: for tests. What is stored stays. */
export const resetCompat = async (): Promise<void> => {
  await replaceSharedCore({})?.close()
}

/** The singleton of {@link ExecutionStorage}. */
export const executionStorage: ExecutionStorage = compat.executionStorage

/** The singleton of {@link ExecutionScheduler}. */
export const executionScheduler: ExecutionScheduler = compat.executionScheduler

/** The singleton of {@link ExecutionProcessor}. */
export const executionProcessor: ExecutionProcessor = compat.executionProcessor

/** The singleton of {@link ExecutionMonitor}. */
export const executionMonitor: ExecutionMonitor = compat.executionMonitor

/** The singleton of {@link TemplateRenderingService}. */
export const templateRenderingService: TemplateRenderingService = compat.templateRenderingService

/** The singleton of {@link RetryManager}: sets the engine's policy. */
export const retryManager: RetryManager = compat.retryManager

/** The singleton of {@link LeadAssignmentService}. */
export const leadAssignmentService: LeadAssignmentService = compat.leadAssignmentService

/** The singleton of {@link CampaignOrchestrator}. */
export const campaignOrchestrator: CampaignOrchestrator = compat.campaignOrchestrator

/** The orchestrator under its other name. */
export const campaignExecutionEngine: CampaignOrchestrator = compat.campaignExecutionEngine
