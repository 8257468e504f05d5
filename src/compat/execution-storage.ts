import { removeEverything, removeOne, setExecution, setStatus } from "./execution-writes.ts"
import { Service } from "./service.ts"
import type { CampaignExecution, ExecutionStatus, StatusCounts } from "./types.ts"

/**
 * Executions by id. Reads answer from memory; writes are durable on return where the storage answers at once (sqlite,
 * memory), and are refused with the name of their twin elsewhere.
 */
export class ExecutionStorage extends Service {
  /** A `scheduled` one is a mail that will be sent at its time; any other status is shown as given and sends nothing. */
  set(id: string, execution: CampaignExecution): void {
    this.core.write("executionStorage.setAsync", (access) => setExecution(this.core, access, id, execution))
  }

  /** As `set`, for every storage. */
  setAsync(id: string, execution: CampaignExecution): Promise<void> {
    return this.core.writeLater((access) => setExecution(this.core, access, id, execution))
  }

  /** The execution, or `undefined`. */
  get(id: string): CampaignExecution | undefined {
    return this.core.read(id)
  }

  /** As `get`, also for what memory no longer holds. */
  getAsync(id: string): Promise<CampaignExecution | undefined> {
    return this.core.readLater(id)
  }

  /** All that are listed. */
  getAll(): CampaignExecution[] {
    return this.core.view().list()
  }

  /** As `getAll`, read from the storage: also what memory no longer holds. */
  getAllAsync(): Promise<CampaignExecution[]> {
    return this.core.readAll({})
  }

  /** All of one campaign. */
  getByCampaign(campaignId: string): CampaignExecution[] {
    return this.core.view().list(campaignId)
  }

  /** All of one lead. */
  getByLead(leadId: string): CampaignExecution[] {
    return this.core.view().ofLead(leadId)
  }

  /** All with this status. */
  getByStatus(status: ExecutionStatus): CampaignExecution[] {
    return this.core.view().byStatus(status)
  }

  /** Scheduled ones whose time has come, the longest due first. */
  getDueExecutions(maxCount = 10): CampaignExecution[] {
    return this.core.due(maxCount)
  }

  /** `false` for an unknown id. Away from `scheduled` its mail is cancelled; back to it there is a mail again. */
  updateStatus(id: string, status: ExecutionStatus, errorMessage?: string): boolean {
    return this.core.write("executionStorage.updateStatusAsync", (access) =>
      setStatus(this.core, access, id, status, errorMessage),
    )
  }

  /** As `updateStatus`, for every storage. */
  updateStatusAsync(id: string, status: ExecutionStatus, errorMessage?: string): Promise<boolean> {
    return this.core.writeLater((access) => setStatus(this.core, access, id, status, errorMessage))
  }

  /** Takes it from the list, and cancels its mail where that waits; `false` for an unknown id. */
  delete(id: string): boolean {
    return this.core.write("executionStorage.deleteAsync", (access) => removeOne(this.core, access, id))
  }

  /** As `delete`, for every storage. */
  deleteAsync(id: string): Promise<boolean> {
    return this.core.writeLater((access) => removeOne(this.core, access, id))
  }

  /** How many there are of each status. */
  getStatusCounts(): StatusCounts {
    return this.core.view().counts()
  }

  /** Takes all from the list, and cancels the mails that wait. The history of what was sent stays in the storage. */
  clear(): void {
    this.core.write("executionStorage.clearAsync", (access) => removeEverything(this.core, access))
  }

  /** As `clear`, for every storage. */
  clearAsync(): Promise<void> {
    return this.core.writeLater((access) => removeEverything(this.core, access))
  }

  /** How many there are. */
  size(): number {
    return this.core.view().size
  }
}
