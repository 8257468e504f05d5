import type { CampaignExecution, ExecutionReport, ExecutionStats, ExecutionStatus, StatusCounts } from "./types.ts"

const noCounts = (): StatusCounts => ({ scheduled: 0, executing: 0, completed: 0, failed: 0 })

const hasEnded = (status: ExecutionStatus): boolean => status === "completed" || status === "failed"

/** A copy whose change changes nothing here; dates can be changed too. */
export const copyOf = (execution: CampaignExecution): CampaignExecution => {
  // Assigned afterwards and from numbers: half the time, and callers wait.
  const copy = { ...execution }
  copy.scheduledFor = new Date(execution.scheduledFor.getTime())
  if (execution.lastAttempt !== undefined) copy.lastAttempt = new Date(execution.lastAttempt.getTime())
  return copy
}

// A loop, since there may be hundreds of thousands and callers wait: half the time of spreading and mapping.
const copiesOf = (executions: Iterable<CampaignExecution>): CampaignExecution[] => {
  const copies: Array<CampaignExecution> = []
  for (const execution of executions) copies.push(copyOf(execution))
  return copies
}

/** The first so many in order of their keys, without sorting the rest. */
class Foremost {
  readonly #count: number
  readonly #first: Array<{ readonly key: number; readonly execution: CampaignExecution }> = []
  #limit = Number.POSITIVE_INFINITY

  constructor(count: number) {
    this.#count = count
  }

  offer(key: number, execution: CampaignExecution): void {
    if (key >= this.#limit) return
    const first = this.#first
    let at = first.length
    while (at > 0 && (first[at - 1]?.key ?? 0) > key) at -= 1
    first.splice(at, 0, { key, execution })
    if (first.length > this.#count) first.pop()
    if (first.length === this.#count) this.#limit = first.at(-1)?.key ?? Number.NEGATIVE_INFINITY
  }

  copies(): CampaignExecution[] {
    return this.#first.map(({ execution }) => copyOf(execution))
  }
}

/** What of an execution is counted. */
export type Counted = Pick<CampaignExecution, "campaignId" | "status">

/** Executions of one campaign, or of all: what is held, and how many there are of each status. */
interface Group {
  readonly held: Map<string, CampaignExecution>
  /** Held or not. */
  readonly counts: StatusCounts
}

const newGroup = (): Group => ({ held: new Map(), counts: noCounts() })

/**
 * Executions as they are shown, in memory: what synchronous reads answer from. Holds at most `keepEnded` that have ended
 * (the latest to end); those beyond are counted only.
 */
export class Projection {
  readonly #keepEnded: number
  #all = newGroup()
  #campaigns = new Map<string, Group>()
  #leads = new Map<string, Map<string, CampaignExecution>>()
  /** Held ones that have ended, in the order of their end; empty where all of them are kept. */
  #ended = new Set<string>()
  #lastProcessedAt = 0

  constructor(keepEnded: number) {
    this.#keepEnded = keepEnded
  }

  /** Whether not everything that is counted is held. */
  get isBounded(): boolean {
    return this.#keepEnded !== Number.POSITIVE_INFINITY
  }

  /**
   * What is shown under this id from now on; `undefined` for nothing. `counted` is what was shown before, where it is
   * counted but no longer held.
   */
  put(id: string, execution: CampaignExecution | undefined, counted?: Counted): void {
    const held = this.#all.held.get(id)
    if (held === undefined) {
      if (counted !== undefined) this.#uncount(counted)
    } else if (held.campaignId === execution?.campaignId && held.leadId === execution.leadId) {
      // In place: lists keep their order whatever becomes of their executions.
      this.#uncount(held)
      this.#ended.delete(id)
    } else this.#drop(id, true)
    if (execution === undefined) return
    const { campaignId, leadId, status, lastAttempt } = execution
    for (const group of [this.#all, this.#campaign(campaignId)]) {
      group.held.set(id, execution)
      group.counts[status] += 1
    }
    const ofLead = this.#leads.get(leadId) ?? new Map()
    ofLead.set(id, execution)
    this.#leads.set(leadId, ofLead)
    this.#lastProcessedAt = Math.max(this.#lastProcessedAt, lastAttempt?.getTime() ?? 0)
    if (!hasEnded(status)) return
    this.#noteEnd(id)
    this.#dropOldest()
  }

  #noteEnd(id: string): void {
    if (this.isBounded) this.#ended.add(id)
  }

  #uncount({ campaignId, status }: Counted): void {
    for (const group of [this.#all, this.#campaign(campaignId)]) group.counts[status] -= 1
  }

  #campaign(campaignId: string): Group {
    const known = this.#campaigns.get(campaignId)
    if (known !== undefined) return known
    const group = newGroup()
    this.#campaigns.set(campaignId, group)
    return group
  }

  #drop(id: string, isUncounted: boolean): void {
    const execution = this.#all.held.get(id)
    if (execution === undefined) return
    for (const group of [this.#all, this.#campaign(execution.campaignId)]) group.held.delete(id)
    if (isUncounted) this.#uncount(execution)
    const ofLead = this.#leads.get(execution.leadId)
    ofLead?.delete(id)
    if (ofLead?.size === 0) this.#leads.delete(execution.leadId)
    this.#ended.delete(id)
  }

  clear(): void {
    this.#all = newGroup()
    this.#campaigns = new Map()
    this.#leads = new Map()
    this.#ended = new Set()
    this.#lastProcessedAt = 0
  }

  #group(campaignId: string | undefined): Group {
    return campaignId === undefined ? this.#all : (this.#campaigns.get(campaignId) ?? newGroup())
  }

  ids(): ReadonlyArray<string> {
    return [...this.#all.held.keys()]
  }

  has(id: string): boolean {
    return this.#all.held.has(id)
  }

  get(id: string): CampaignExecution | undefined {
    const execution = this.#all.held.get(id)
    return execution === undefined ? undefined : copyOf(execution)
  }

  list(campaignId?: string): CampaignExecution[] {
    return copiesOf(this.#group(campaignId).held.values())
  }

  ofLead(leadId: string): CampaignExecution[] {
    return copiesOf(this.#leads.get(leadId)?.values() ?? [])
  }

  /** Waiting ones of this campaign and of this lead; of both where both are given. */
  waiting(campaignId?: string, leadId?: string): ReadonlyArray<string> {
    const among = leadId === undefined ? this.#group(campaignId).held : (this.#leads.get(leadId) ?? new Map())
    const ids: Array<string> = []
    for (const execution of among.values())
      if (execution.status === "scheduled" && (campaignId === undefined || execution.campaignId === campaignId))
        ids.push(execution.id)
    return ids
  }

  /** Shows all waiting ones of this campaign, or of all, as failed for this reason, but for `except`; answers how many. */
  fail(errorMessage: string, except: ReadonlySet<string>, campaignId: string | undefined): number {
    let count = 0
    for (const execution of this.#group(campaignId).held.values()) {
      if (execution.status !== "scheduled" || except.has(execution.id)) continue
      // In place: with hundreds of thousands, putting each anew would take its caller a second.
      execution.status = "failed"
      execution.errorMessage = errorMessage
      const { counts } = this.#campaign(execution.campaignId)
      counts.scheduled -= 1
      counts.failed += 1
      this.#noteEnd(execution.id)
      count += 1
    }
    this.#all.counts.scheduled -= count
    this.#all.counts.failed += count
    this.#dropOldest()
    return count
  }

  #dropOldest(): void {
    for (const oldest of this.#ended) {
      if (this.#ended.size <= this.#keepEnded) return
      this.#drop(oldest, false)
    }
  }

  counts(campaignId?: string): StatusCounts {
    return { ...this.#group(campaignId).counts }
  }

  stats(campaignId?: string): ExecutionStats {
    return { ...this.#totals(campaignId), executions: this.list(campaignId) }
  }

  // All that are held, and those that are counted only.
  #totals(campaignId?: string): StatusCounts & { readonly total: number } {
    const counts = this.counts(campaignId)
    return { total: counts.scheduled + counts.executing + counts.completed + counts.failed, ...counts }
  }

  get size(): number {
    return this.#totals().total
  }

  get lastProcessedAt(): number {
    return this.#lastProcessedAt
  }

  byStatus(status: ExecutionStatus): CampaignExecution[] {
    return copiesOf(this.#all.held.values().filter((execution) => execution.status === status))
  }

  /** Waiting ones whose time has come by `now`, the longest due first. */
  due(now: number, maxCount: number): CampaignExecution[] {
    const due = new Foremost(maxCount)
    for (const execution of this.#all.held.values()) {
      const at = execution.scheduledFor.getTime()
      if (execution.status === "scheduled" && at <= now) due.offer(at, execution)
    }
    return due.copies()
  }

  /** Counts with what was counted, what failed with the latest try first, and what comes next: in one walk over all of them. */
  report(campaignId: string | undefined, count: number): ExecutionReport {
    const failures = new Foremost(count)
    const upcoming = new Foremost(count)
    const { held } = this.#group(campaignId)
    const executions: Array<CampaignExecution> = []
    for (const execution of held.values()) {
      executions.push(copyOf(execution))
      const { status, lastAttempt, scheduledFor } = execution
      if (status === "scheduled") upcoming.offer(scheduledFor.getTime(), execution)
      else if (status === "failed") failures.offer(-(lastAttempt ?? scheduledFor).getTime(), execution)
    }
    return {
      summary: { ...this.#totals(campaignId), executions },
      recentFailures: failures.copies(),
      upcomingExecutions: upcoming.copies(),
    }
  }
}
