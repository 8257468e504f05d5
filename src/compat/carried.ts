import type { Setting } from "sendstate"
import type { CampaignExecution } from "./types.ts"

/**
 * What the host said of the tries of a mail that waits, beside those that its row counts: shown with them, and heeded when
 * a try fails. Kept as a setting.
 */
export interface Carried {
  readonly leadId: string
  /** To be added to the tries of the row; below 0 where the host set them back. */
  readonly attempts: number
  readonly lastAttempt: number | null
  readonly errorMessage: string | null
}

/** How the keys of all begin. */
export const carriedPrefix = "compat/carried/"

/** Under which key it is kept. */
export const carriedKey = (id: string): string => `${carriedPrefix}${id}`

/** What is to be carried for an execution as it was given; `undefined` where its row says the same. */
export const carriedFor = (given: CampaignExecution, rowAttempts: number): Carried | undefined => {
  const { leadId, lastAttempt, errorMessage } = given
  const attempts = (given.attempts || 0) - rowAttempts
  // A row that was tried says itself when, and why not.
  const isTold = rowAttempts === 0 && (lastAttempt !== undefined || errorMessage !== undefined)
  if (attempts === 0 && !isTold) return undefined
  return { leadId, attempts, lastAttempt: lastAttempt?.getTime() ?? null, errorMessage: errorMessage ?? null }
}

/** As it was kept. */
export const carriedOf = ({ leadId, attempts, lastAttempt, errorMessage }: Setting): Carried => ({
  leadId: String(leadId),
  attempts: Number(attempts),
  lastAttempt: typeof lastAttempt === "number" ? lastAttempt : null,
  errorMessage: typeof errorMessage === "string" ? errorMessage : null,
})

/** An execution with what is carried for it. */
export const withCarried = (shown: CampaignExecution, carried: Carried | undefined): CampaignExecution => {
  if (carried === undefined) return shown
  const { attempts, lastAttempt, errorMessage } = carried
  return {
    ...(lastAttempt === null ? {} : { lastAttempt: new Date(lastAttempt) }),
    ...(errorMessage === null || shown.status !== "scheduled" ? {} : { errorMessage }),
    ...shown,
    attempts: Math.max(0, shown.attempts + attempts),
  }
}
