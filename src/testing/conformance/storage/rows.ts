import type {
  Commit,
  EnrollItem,
  ExecutionContext,
  ExecutionRow,
  Flag,
  NewExecution,
  Signal,
  StorageDriver,
} from "sendstate/sdk"

/** When everything in these tests happens, unless they say otherwise. */
export const noon = 1_000_000

const retry = { attempts: 3, baseMs: 1_000, factor: 2, capMs: 60_000, jitter: 0, deadlineMs: null }

const contextOf = (id: string, changes: Partial<ExecutionContext> = {}): ExecutionContext => ({
  machine: 1,
  id,
  retry,
  timeScale: 1,
  dueAt: noon,
  attempt: 0,
  used: 0,
  firstAttemptAt: null,
  renderedAt: null,
  unknownAttempts: [],
  safeResend: false,
  doubts: 0,
  resent: 0,
  cancelRequested: false,
  outcome: null,
  delivery: null,
  reason: null,
  ...changes,
})

/** What is not as usual about an execution. */
export interface ExecutionWords {
  readonly campaignId?: string
  readonly step?: number
  readonly dueAt?: number
}

/** The execution of a lead: `spring-ann-0` for ann, due at {@link noon}. */
export const executionOf = (lead: string, words: ExecutionWords = {}): NewExecution => {
  const { campaignId = "spring", step = 0, dueAt = noon } = words
  const id = `${campaignId}-${lead}-${step}`
  return {
    id,
    campaignId,
    enrollmentId: `${campaignId}-${lead}`,
    leadId: lead,
    step,
    template: `template-${step}`,
    definition: "definition",
    context: contextOf(id, { dueAt }),
    scheduledFor: dueAt,
    createdAt: noon - 1_000,
  }
}

/** The same with its lead and its enrollment, as it is enrolled. */
export const itemOf = (lead: string, words: ExecutionWords = {}): EnrollItem => {
  const execution = executionOf(lead, words)
  return {
    lead: { id: lead, email: `${lead}@x.test`, data: { city: "Paris" } },
    enrollment: {
      id: execution.enrollmentId,
      campaignId: execution.campaignId,
      leadId: lead,
      entry: "1",
      definition: "definition",
      status: "active",
      createdAt: noon - 1_000,
    },
    execution,
  }
}

/** A commit that changes nothing but what is given. */
export const commitOf = (row: ExecutionRow, changes: Partial<Commit> = {}): Commit => ({
  id: row.id,
  token: row.token,
  version: row.version,
  state: row.state,
  context: row.context,
  dueAt: null,
  intent: row.intent,
  events: [],
  appliedFlags: 0,
  receipt: false,
  leaseUntil: null,
  ...changes,
})

/** The commit of an intent: the lease goes on for a minute; refused when the key `lead:<id>` is suppressed. */
export const intentOf = (row: ExecutionRow, changes: Partial<Commit> = {}): Commit =>
  commitOf(row, {
    state: "sending.attempting",
    context: { ...row.context, dueAt: null, attempt: row.context.attempt + 1 },
    intent: { attempt: row.context.attempt + 1, at: noon },
    events: [
      { type: "DUE", at: noon },
      { type: "RENDERED", at: noon },
    ],
    leaseUntil: noon + 60_000,
    requires: { suppressionKeys: [`lead:${row.leadId}`] },
    ...changes,
  })

const endOf = (row: ExecutionRow, outcome: NonNullable<ExecutionContext["outcome"]>): ExecutionContext => ({
  ...row.context,
  outcome,
  delivery: outcome === "sent" ? "confirmed" : null,
  reason: outcome === "sent" ? null : { code: `${outcome}-reason` },
})

/** A receipt that ends the execution as sent, and its enrollment. */
export const sentOf = (row: ExecutionRow, changes: Partial<Commit> = {}): Commit =>
  commitOf(row, {
    state: "done",
    context: endOf(row, "sent"),
    intent: null,
    receipt: true,
    enrollment: "finished",
    events: [{ type: "ACCEPTED", at: noon + 5 }],
    ...changes,
  })

/** The end of an execution that failed, and of its enrollment. */
export const failedOf = (row: ExecutionRow, changes: Partial<Commit> = {}): Commit =>
  commitOf(row, {
    state: "done",
    context: endOf(row, "failed"),
    intent: null,
    enrollment: "ended",
    events: [{ type: "FAILED", at: noon, retryable: false, code: "failed-reason", jitterUnit: 0.5 }],
    ...changes,
  })

/** A receipt that says that nobody knows. */
export const inDoubtOf = (row: ExecutionRow, changes: Partial<Commit> = {}): Commit =>
  commitOf(row, {
    state: "sending.inDoubt",
    context: { ...row.context, doubts: row.context.doubts + 1, unknownAttempts: [row.context.attempt] },
    intent: null,
    receipt: true,
    events: [{ type: "UNKNOWN", at: noon, stage: "dot" }],
    ...changes,
  })

/** The commit that cancels. */
export const cancelledOf = (row: ExecutionRow, changes: Partial<Commit> = {}): Commit =>
  commitOf(row, {
    state: "cancelled",
    context: { ...row.context, dueAt: null, reason: { code: "cancelled-by-user" } },
    intent: null,
    enrollment: "ended",
    events: [cancelFlag],
    ...changes,
  })

/** A wish to cancel. */
export const cancelFlag: Flag = { type: "CANCEL", by: "user", at: noon }

/** The same with the commit that fulfils it, for the row as it was read. */
export const cancelSignal = (row: ExecutionRow, now = noon): Signal => ({
  flag: cancelFlag,
  commit: cancelledOf(row),
  now,
})

/** Writes the state of a campaign. */
export const setCampaign = async (driver: StorageDriver, state: string, campaignId = "spring"): Promise<void> => {
  await driver.writeDocuments([{ kind: "campaign", key: campaignId, value: { state } }])
}

/** Claims up to 100 rows for the owner `me`, for 30 seconds. */
export const claim = (driver: StorageDriver, changes: { limit?: number; now?: number; campaigns?: string[] } = {}) =>
  driver.claimDue({ owner: "me", limit: 100, leaseMs: 30_000, now: noon, ...changes })

/** Claims, and answers the only row that there is to claim. */
export const claimOne = async (driver: StorageDriver, now = noon): Promise<ExecutionRow> => {
  const rows = await claim(driver, { now })
  const row = rows[0]
  if (row === undefined || rows.length !== 1) throw new Error(`there are ${rows.length} rows to claim, not one`)
  return row
}

/** The row, which must be there. */
export const read = async (driver: StorageDriver, id: string): Promise<ExecutionRow> => {
  const row = (await driver.get([id]))[0]
  if (row === undefined) throw new Error(`there is no execution ${id}`)
  return row
}
