/** One mail to one lead, as the old interface shows it. */
export interface CampaignExecution {
  id: string
  campaignId: string
  leadId: string
  templateId: string
  scheduledFor: Date
  /** `executing` also while the transport's answer is in doubt; `errorMessage` says so then. */
  status: "scheduled" | "executing" | "completed" | "failed"
  /** Tries begun so far. */
  attempts: number
  /** When the latest try began. */
  lastAttempt?: Date
  /** Why the latest try failed, or why it ended as it did. */
  errorMessage?: string
}

/** What {@link CampaignExecution} may be. */
export type ExecutionStatus = CampaignExecution["status"]

/** Executions by status. */
export interface StatusCounts {
  scheduled: number
  executing: number
  completed: number
  failed: number
}

/** Counts, and the executions that were counted. */
export interface ExecutionStats extends StatusCounts {
  total: number
  executions: CampaignExecution[]
}

/** What starts a campaign for a lead. */
export interface CampaignTrigger {
  type: "email" | "time" | "lead_status" | "manual"
  conditions: {
    /** Part of the subject, in any case. */
    emailSubject?: string
    /** Part of the sender's address, in any case. */
    emailFrom?: string
    leadStatus?: string
    /** Minutes from the message or change to the first mail. */
    timeDelay?: number
    campaignId?: string
  }
}

/** What templates are rendered with. */
export interface TemplateRenderData {
  firstName: string
  lastName: string
  email: string
  phone: string
  // biome-ignore lint/suspicious/noExplicitAny: the old interface said any; `unknown` would break code that reads values.
  [key: string]: any
}

/** A mail's content. */
export interface RenderedTemplate {
  subject: string
  html: string
  text: string
}

/** How failed tries are repeated: the delay is `floor(retryDelayMs * backoffMultiplier ^ attempts)`. */
export interface RetryConfig {
  /** Tries in all. */
  maxAttempts: number
  /** Milliseconds. */
  retryDelayMs: number
  backoffMultiplier: number
}

/** Which leads get which mails. */
export interface LeadAssignmentOptions {
  campaignId: string
  leadIds: string[]
  templateSequence?: string[]
}

/** How the engine is. */
export interface HealthStatus {
  isRunning: boolean
  totalExecutions: number
  pendingExecutions: number
  failedExecutions: number
  /** When the latest try began. */
  lastProcessedAt?: Date
}

/** What failed lately, and what comes next. */
export interface ExecutionReport {
  summary: ExecutionStats
  /** At most 10, newest first. */
  recentFailures: CampaignExecution[]
  /** At most 10, soonest first. */
  upcomingExecutions: CampaignExecution[]
}

/** Where an execution stands with its tries. */
export interface RetryStats {
  attempts: number
  maxAttempts: number
  canRetry: boolean
  /** Milliseconds; absent when there is no further try. */
  nextRetryDelay?: number
}
