import { setExecution } from "./execution-writes.ts"
import { forceExecution } from "./forcing.ts"
import { Service } from "./service.ts"
import type { CampaignExecution } from "./types.ts"

/** Sends what is given now. */
export class ExecutionProcessor extends Service {
  /**
   * Makes one try now, whatever the time, and changes `execution` to what became of it. One that was never stored is stored
   * first; one that is not scheduled, or that was cancelled or deleted meanwhile, is left alone. A mail that fails does not
   * reject.
   */
  async processExecution(execution: CampaignExecution): Promise<void> {
    const { core } = this
    core.requireSending()
    if (execution.status === "scheduled" && !(await core.isStored(execution.id)))
      await core.writeLater((access) => setExecution(core, access, execution.id, execution))
    await forceExecution(core, execution.id)
    const after = await core.readLater(execution.id)
    if (after === undefined) return
    delete execution.lastAttempt
    delete execution.errorMessage
    Object.assign(execution, after)
  }

  /** Each as `processExecution`, side by side; one that fails holds up no other. */
  async processBatch(executions: CampaignExecution[]): Promise<void> {
    this.core.requireSending()
    await Promise.all(
      executions.map((execution) =>
        this.core.attempt(`Processing the execution ${execution.id}`, () => this.processExecution(execution)),
      ),
    )
  }
}
