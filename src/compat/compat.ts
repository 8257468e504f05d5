import type { Runtime } from "sendstate"
import { CampaignOrchestrator } from "./campaign-orchestrator.ts"
import type { Core } from "./core.ts"
import { makeCore } from "./core-factory.ts"
import { ExecutionMonitor } from "./execution-monitor.ts"
import { ExecutionProcessor } from "./execution-processor.ts"
import { ExecutionScheduler } from "./execution-scheduler.ts"
import { ExecutionStorage } from "./execution-storage.ts"
import { LeadAssignmentService } from "./lead-assignment-service.ts"
import type { CompatOptions } from "./options.ts"
import type { OwnCampaigns, OwnCommunications, OwnLeads, OwnTemplates } from "./own-documents.ts"
import { RetryManager } from "./retry-manager.ts"
import type { HostLead, InboundMessage } from "./sources.ts"
import { leadChanged, receiveEmail } from "./telling.ts"
import { TemplateRenderingService } from "./template-rendering-service.ts"

/** One engine with its eight services. */
export interface Compat {
  readonly executionStorage: ExecutionStorage
  readonly executionScheduler: ExecutionScheduler
  readonly executionProcessor: ExecutionProcessor
  readonly executionMonitor: ExecutionMonitor
  readonly templateRenderingService: TemplateRenderingService
  readonly retryManager: RetryManager
  readonly leadAssignmentService: LeadAssignmentService
  readonly campaignOrchestrator: CampaignOrchestrator
  /** The orchestrator under its other name. */
  readonly campaignExecutionEngine: CampaignOrchestrator
  /** sendstate's own leads, the source unless another is configured. */
  readonly leads: OwnLeads
  /** sendstate's own campaigns, the source unless another is configured. */
  readonly campaigns: OwnCampaigns
  /** sendstate's own templates, the source unless another is configured. */
  readonly templates: OwnTemplates
  /** sendstate's own records of sent mails, the sink unless another is configured. */
  readonly communications: OwnCommunications
  /**
   * An inbound mail: starts the campaigns of the `email` triggers that match, once for each message id. Answers how many.
   * Durable on return: what could not be started yet follows, also after a restart. @throws InvalidInput, StorageError
   */
  receiveEmail(message: InboundMessage): Promise<number>
  /**
   * A lead as it is now: starts the campaigns of the `lead_status` and `time` triggers that match, once for each change of
   * its status. Answers how many. Durable as `receiveEmail`. Stored; of a lead from a source of the host only id and status
   * are. @throws InvalidInput, StorageError
   */
  leadChanged(lead: HostLead): Promise<number>
  /** The native runtime underneath, opened (in standby) where it was not: for moving on to it step by step. */
  runtime(): Promise<Runtime>
  /** Stops, and gives the storage, the transport and the renderer back. */
  close(): Promise<void>
}

/** The services on an engine that may be replaced under them. */
export const compatOn = (coreOf: () => Core): Compat => {
  const campaignOrchestrator = new CampaignOrchestrator(coreOf)
  return {
    executionStorage: new ExecutionStorage(coreOf),
    executionScheduler: new ExecutionScheduler(coreOf),
    executionProcessor: new ExecutionProcessor(coreOf),
    executionMonitor: new ExecutionMonitor(coreOf),
    templateRenderingService: new TemplateRenderingService(coreOf),
    retryManager: new RetryManager(undefined, coreOf),
    leadAssignmentService: new LeadAssignmentService(coreOf),
    campaignOrchestrator,
    campaignExecutionEngine: campaignOrchestrator,
    get leads() {
      return coreOf().ownLeads
    },
    get campaigns() {
      return coreOf().ownCampaigns
    },
    get templates() {
      return coreOf().ownTemplates
    },
    get communications() {
      return coreOf().ownCommunications
    },
    receiveEmail: (message) => receiveEmail(coreOf(), message),
    leadChanged: (lead) => leadChanged(coreOf(), lead),
    runtime: async () => (await coreOf().open()).runtime,
    close: () => coreOf().close(),
  }
}

/**
 * An engine of its own beside the singletons: its own storage, transport and sources.
 *
 * @example
 * ```ts
 * const compat = createCompat({ storage: sqlite("second.db"), transport: smtp(url), from: "Ann <ann@acme.test>" })
 * await compat.campaignOrchestrator.start()
 * ```
 */
export const createCompat = (options: CompatOptions = {}): Compat => {
  const core = makeCore(options)
  return compatOn(() => core)
}
