import { StorageError } from "../../errors.ts"
import type { MaybePromise } from "../driver.ts"
import { atRest, type RowEntry, type World } from "../rules.ts"
import { DueLanes } from "./due-lanes.ts"
import { Leases } from "./leases.ts"
import type { OnUndo, Records, Stored } from "./records.ts"
import { countsDelta, noTotals, type Totals } from "./totals.ts"

/** One atomic write in progress. */
export interface Work {
  readonly onUndo: OnUndo
  /** Changes of the campaign's totals; written once at the end. */
  readonly delta: (campaignId: string) => Totals
}

/** What the parts of the one-process driver share: the records, the leases in memory, and how a row is replaced. */
export class Engine {
  readonly storage: string
  readonly records: Records
  readonly leases = new Leases()
  readonly lanes: DueLanes
  readonly world: World
  readonly #states = new Map<string, string | undefined>()
  #closed = false

  constructor(storage: string, records: Records) {
    this.storage = storage
    this.records = records
    this.lanes = new DueLanes(records, this.leases)
    this.world = {
      campaignState: (campaignId) => this.campaignState(campaignId),
      isSuppressed: (key) => records.hasDocument("suppression", key),
    }
  }

  read<A>(body: () => A): MaybePromise<A> {
    this.#assertOpen()
    return this.records.read(body)
  }

  write<A>(durable: boolean, body: (work: Work) => A): MaybePromise<A> {
    this.#assertOpen()
    return this.records.write((onUndo) => {
      // Floors may stand too high after something was taken back.
      onUndo(() => this.lanes.reset())
      const deltas = new Map<string, Totals>()
      const answer = body({
        onUndo,
        delta: (campaignId) => {
          const delta = deltas.get(campaignId) ?? noTotals()
          deltas.set(campaignId, delta)
          return delta
        },
      })
      for (const [campaignId, delta] of deltas) this.records.addTotals(campaignId, "live", delta)
      return answer
    }, durable)
  }

  /** The row with its lease, if somebody has one. */
  find(id: string): Stored | undefined {
    return this.leases.get(id) ?? this.records.execution(id)
  }

  /** Writes the row as it is without its lease, and remembers the lease. */
  replace(work: Work, before: Stored, entry: RowEntry): Stored {
    const after: Stored = { row: entry.row, restDueAt: entry.restDueAt, slot: before.slot }
    const rest = atRest(after)
    this.records.updateExecution(rest)
    countsDelta(work.delta(rest.row.campaignId), before.row, rest.row)
    this.lanes.leave(before)
    if (after.row.owner !== null) this.leases.set(after.row.id, after, work.onUndo)
    else {
      if (this.leases.has(after.row.id)) this.leases.set(after.row.id, undefined, work.onUndo)
      this.lanes.enter(rest)
    }
    return after
  }

  /** `value.state` of the campaign's document; kept in memory, since nobody else may write it. */
  campaignState(campaignId: string): string | undefined {
    if (this.#states.has(campaignId)) return this.#states.get(campaignId)
    const state = this.records.document("campaign", campaignId)?.value.state
    const known = typeof state === "string" ? state : undefined
    this.#states.set(campaignId, known)
    return known
  }

  forgetCampaignState(campaignId: string, onUndo: OnUndo): void {
    this.#states.delete(campaignId)
    onUndo(() => this.#states.delete(campaignId))
  }

  /** Forgets what it remembers of the store: an observer's store is changed by another process. */
  refresh(): void {
    this.#states.clear()
    this.lanes.reset()
  }

  /** From now on every call throws. */
  shut(): void {
    this.#closed = true
  }

  get isShut(): boolean {
    return this.#closed
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new StorageError({
        storage: this.storage,
        code: "closed",
        retryable: false,
        indeterminate: false,
        message: `The ${this.storage} storage is closed; open it again`,
      })
  }
}
