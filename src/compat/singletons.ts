import { Conflict } from "sendstate"
import { type Compat, compatOn } from "./compat.ts"
import type { CompatOptions } from "./options.ts"
import { isSharedInUse, replaceSharedCore, sharedCore } from "./service.ts"

/** The engine of the singletons, with what the old interface did not have. */
export const compat: Compat = compatOn(sharedCore)

/**
 * Says what the singletons run on; what is left out has its default. To be called before they are used.
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
  replaceSharedCore(options)
  return compat
}

/** Closes the singletons' engine and forgets its configuration: for tests. What is stored stays. */
export const resetCompat = async (): Promise<void> => {
  await replaceSharedCore({})?.close()
}

export const {
  executionStorage,
  executionScheduler,
  executionProcessor,
  executionMonitor,
  templateRenderingService,
  retryManager,
  leadAssignmentService,
  campaignOrchestrator,
} = compat

/** The orchestrator under its other name. */
export const campaignExecutionEngine = campaignOrchestrator
