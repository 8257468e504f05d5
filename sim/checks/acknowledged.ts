import type { ExecutionRow } from "../../src/sdk/index.ts"
import { events } from "../user/sequence.ts"
import type { DurableState } from "../world/durable-state.ts"
import { Revocable } from "./revocable.ts"
import { Signals } from "./signals.ts"

/** What the runtime has promised its user, until the user takes the wish back. */
export class Acknowledged {
  readonly #durable: Pick<DurableState, "row" | "leadOf">
  readonly enrolled = new Set<string>()
  readonly scheduled = new Set<string>()
  /** Since when guests are known, milliseconds of true time since the start. */
  readonly guests = new Map<string, number>()
  readonly cancelled = new Set<string>()
  /** Executions of persons who were forgotten. */
  readonly forgotten = new Set<string>()
  readonly pause = new Revocable()
  readonly signals = new Signals()
  readonly #suppressions = new Map<string, Revocable>()
  #isCancelled = false

  readonly #leavingEvents: ReadonlyArray<string>

  constructor(
    durable: Pick<DurableState, "row" | "leadOf">,
    { exit, goal }: { readonly exit: boolean; readonly goal: boolean },
  ) {
    this.#durable = durable
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
  ):
    | "cancel"
    | "forgetting"
    | "suppression"
    | "pause"
    | "cancel of the campaign"
    | "cancel request"
    | "exit"
    | undefined {
    if (this.cancelled.has(id)) return "cancel"
    if (this.forgotten.has(id)) return "forgetting"
    if (this.#isCancelled) return "cancel of the campaign"
    if (this.pause.isGranted) return "pause"
    const row = this.#durable.row(id)
    if (row?.flags.some(({ type }) => type === "CANCEL") === true) return "cancel request"
    if (row !== undefined && row.step < 1_000 && this.#mustLeave(row)) return "exit"
    const leadId = this.#durable.leadOf(id)
    return leadId !== undefined && this.suppressionOf(leadId).isGranted ? "suppression" : undefined
  }

  #mustLeave(row: ExecutionRow): boolean {
    return this.#leavingEvents.some((event) => this.signals.isKnown(row, event))
  }
}
