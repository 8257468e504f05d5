import type { ExecutionRow } from "../../src/sdk/index.ts"

/** What the runtime has promised its user, until the user takes the wish back. */
export class Acknowledged {
  readonly #rowOf: (id: string) => ExecutionRow | undefined
  readonly enrolled = new Set<string>()
  readonly scheduled = new Set<string>()
  readonly cancelled = new Set<string>()
  readonly #suppressed = new Set<string>()
  /** Wishes to take something back that were not answered: they may be granted at any time. */
  readonly #openLifts = new Map<string, number>()
  #openResumes = 0
  #isPaused = false
  #isCancelled = false

  constructor(rowOf: (id: string) => ExecutionRow | undefined) {
    this.#rowOf = rowOf
  }

  pause(): void {
    this.#isPaused = this.#openResumes === 0
  }

  startResume(): void {
    this.#openResumes += 1
    this.#isPaused = false
  }

  endResume(): void {
    this.#openResumes -= 1
  }

  suppress(leadId: string): void {
    if ((this.#openLifts.get(leadId) ?? 0) === 0) this.#suppressed.add(leadId)
  }

  startLift(leadId: string): void {
    this.#openLifts.set(leadId, (this.#openLifts.get(leadId) ?? 0) + 1)
    this.#suppressed.delete(leadId)
  }

  endLift(leadId: string): void {
    this.#openLifts.set(leadId, (this.#openLifts.get(leadId) ?? 1) - 1)
  }

  cancelCampaign(): void {
    this.#isCancelled = true
  }

  /** The promise that a send of this execution would break now. */
  forbids(id: string): "cancel" | "suppression" | "pause" | "cancel of the campaign" | undefined {
    if (this.cancelled.has(id)) return "cancel"
    if (this.#isCancelled) return "cancel of the campaign"
    if (this.#isPaused) return "pause"
    const leadId = this.#rowOf(id)?.leadId
    return leadId !== undefined && this.#suppressed.has(leadId) ? "suppression" : undefined
  }
}
