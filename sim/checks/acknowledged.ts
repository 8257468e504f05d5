import type { ExecutionRow } from "../../src/sdk/index.ts"
import { events } from "../user/sequence.ts"
import { Revocable } from "./revocable.ts"
import { Signals } from "./signals.ts"

/** What the runtime has promised its user, until the user takes the wish back. */
export class Acknowledged {
  readonly #rowOf: (id: string) => ExecutionRow | undefined
  readonly enrolled = new Set<string>()
  readonly scheduled = new Set<string>()
  readonly cancelled = new Set<string>()
  readonly pause = new Revocable()
  readonly signals = new Signals()
  readonly #suppressions = new Map<string, Revocable>()
  #isCancelled = false

  readonly #leavingEvents: ReadonlyArray<string>

  constructor(
    rowOf: (id: string) => ExecutionRow | undefined,
    { exit, goal }: { readonly exit: boolean; readonly goal: boolean },
  ) {
    this.#rowOf = rowOf
    this.#leavingEvents = [...(exit ? [events.exit] : []), ...(goal ? [events.goal] : [])]
  }

  suppressionOf(leadId: string): Revocable {
    const suppression = this.#suppressions.get(leadId) ?? new Revocable()
    this.#suppressions.set(leadId, suppression)
    return suppression
  }

  cancelCampaign(): void {
    this.#isCancelled = true
  }

  /** The promise that a send of this execution would break now. */
  forbids(
    id: string,
  ): "cancel" | "suppression" | "pause" | "cancel of the campaign" | "cancel request" | "exit" | undefined {
    if (this.cancelled.has(id)) return "cancel"
    if (this.#isCancelled) return "cancel of the campaign"
    if (this.pause.isGranted) return "pause"
    const row = this.#rowOf(id)
    if (row?.flags.some(({ type }) => type === "CANCEL") === true) return "cancel request"
    if (row !== undefined && row.step < 1_000 && this.#mustLeave(row)) return "exit"
    const leadId = row?.leadId
    return leadId !== undefined && this.suppressionOf(leadId).isGranted ? "suppression" : undefined
  }

  #mustLeave(row: ExecutionRow): boolean {
    return this.#leavingEvents.some((event) => this.signals.isKnown(row, event))
  }
}
