import * as Effect from "effect/Effect"
import type { Document, ExecutionRow, StorageError } from "../sdk/index.ts"
import type { Store } from "./store.ts"

/** Which of the executions that wait: of this campaign, of this lead, of both together; all without either. */
export interface CancelSelection {
  readonly campaignId?: string | undefined
  readonly leadId?: string | undefined
}

/**
 * A cancel of many, durable as one small document before their rows are written one by one. It holds for what waited
 * when it was given: whatever happens to an execution afterwards is newer, and wins.
 */
export interface CancelOrder extends CancelSelection {
  readonly key: string
  /** End of the change log when it was given. */
  readonly through: number
  /** Executions that were being worked on then: it leaves them alone. */
  readonly except: ReadonlyArray<string>
}

/** Keys of the settings that hold orders. */
export const cancelOrderPrefix = "sendstate/cancel-order/"

export const orderAsSetting = ({ campaignId, leadId, through, except }: CancelOrder): Document["value"] => ({
  through,
  except,
  ...(campaignId === undefined ? {} : { campaignId }),
  ...(leadId === undefined ? {} : { leadId }),
})

export const orderOfSetting = (key: string, value: Document["value"]): CancelOrder => ({
  key,
  through: Number(value.through),
  except: Array.isArray(value.except) ? value.except.map(String) : [],
  ...(value.campaignId === undefined ? {} : { campaignId: String(value.campaignId) }),
  ...(value.leadId === undefined ? {} : { leadId: String(value.leadId) }),
})

/** Whether a wish to cancel is all that it takes. */
export const isWaiting = (row: ExecutionRow): boolean =>
  (row.state === "scheduled" || row.state === "retrying") && row.flags.length === 0

const selects = ({ campaignId, leadId, except }: CancelOrder, row: ExecutionRow): boolean =>
  (campaignId === undefined || row.campaignId === campaignId) &&
  (leadId === undefined || row.leadId === leadId) &&
  !except.includes(row.id)

/** The orders that are open in this process; stores that many processes share have none. */
export class CancelOrders {
  readonly #store: Store["Service"]
  readonly #open = new Map<string, CancelOrder>()

  constructor(store: Store["Service"]) {
    this.#store = store
  }

  get isEmpty(): boolean {
    return this.#open.size === 0
  }

  open(order: CancelOrder): void {
    this.#open.set(order.key, order)
  }

  close(order: CancelOrder): void {
    this.#open.delete(order.key)
  }

  /** Whether one of them cancels this row: it waits, and nothing has happened to it since. */
  covers(row: ExecutionRow): Effect.Effect<boolean, StorageError> {
    const selecting = isWaiting(row) ? [...this.#open.values()].filter((order) => selects(order, row)) : []
    return selecting.length === 0
      ? Effect.succeed(false)
      : Effect.map(
          this.#store.use((driver) => driver.history(row.id)),
          (history) => {
            const latest = history.at(-1)?.seq ?? 0
            return selecting.some(({ through }) => latest <= through)
          },
        )
  }
}
