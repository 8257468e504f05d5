import type { Setting } from "sendstate"
import type { CampaignExecution, ExecutionStatus } from "./types.ts"

/**
 * What the host wrote itself, by `executionStorage.set`, `updateStatus` or `delete`: shown in place of what became of the
 * mail. Kept as a setting.
 */
export interface ExecutionRecord {
  /** `undefined` hides the execution. */
  readonly execution: CampaignExecution | undefined
}

const prefix = "compat/record/"

/** Under which key a record is kept, and the prefix of all. */
export const recordKey = (id: string): string => `${prefix}${id}`

export const recordPrefix = prefix

const statuses: ReadonlyArray<string> = ["scheduled", "executing", "completed", "failed"]

/** As it is kept. */
export const recordSetting = ({ execution }: ExecutionRecord): Setting =>
  execution === undefined
    ? { hidden: true }
    : {
        id: execution.id,
        campaignId: execution.campaignId,
        leadId: execution.leadId,
        templateId: execution.templateId,
        scheduledFor: execution.scheduledFor.getTime(),
        status: execution.status,
        attempts: execution.attempts,
        lastAttempt: execution.lastAttempt?.getTime() ?? null,
        errorMessage: execution.errorMessage ?? null,
      }

/** As it was kept. */
export const recordOf = (value: Setting): ExecutionRecord => {
  if (value.hidden === true) return { execution: undefined }
  const status = String(value.status)
  return {
    execution: {
      id: String(value.id),
      campaignId: String(value.campaignId),
      leadId: String(value.leadId),
      templateId: String(value.templateId),
      scheduledFor: new Date(Number(value.scheduledFor)),
      status: (statuses.includes(status) ? status : "failed") as ExecutionStatus,
      attempts: Number(value.attempts),
      ...(typeof value.lastAttempt === "number" ? { lastAttempt: new Date(value.lastAttempt) } : {}),
      ...(typeof value.errorMessage === "string" ? { errorMessage: value.errorMessage } : {}),
    },
  }
}
