import * as Effect from "effect/Effect"
import { type Closed, idOf, type NotFound, type StorageError } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import {
  type CancelOrder,
  type CancelSelection,
  cancelOrderPrefix,
  orderAsSetting,
  orderOfSetting,
} from "../cancel-orders.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { persist } from "../execution/save.ts"
import { eachPageOfRows } from "../pages.ts"
import { type CancellingRuntime, cancelWaiting } from "./cancelling-many.ts"
import { endOfChanges } from "./end-of-changes.ts"
import { listSettings, writeSettings } from "./settings.ts"

/** Pause before looking again for what was claimed meanwhile, milliseconds. */
const lookAgainMs = 20

/** Writes what an order says, page by page; answers whether somebody works on one of them at this moment. */
const writeAll = (
  runtime: CancellingRuntime,
  { campaignId, leadId }: CancelOrder,
): Effect.Effect<boolean, StorageError | NotFound | Closed> =>
  Effect.gen(function* () {
    const { services } = runtime
    // Those that were claimed and not begun are shown as rendering.
    const query = {
      buckets: ["scheduled", "rendering", "retrying"],
      ...(campaignId === undefined ? {} : { campaignId }),
      ...(leadId === undefined ? {} : { leadId }),
    } as const
    let left = false
    yield* eachPageOfRows(services, query, (page) =>
      Effect.gen(function* () {
        // A whole turn: whoever gave the order, and the other work of the process, go on in between.
        yield* Effect.sleep(0)
        const covered = yield* Effect.filter(page, (row) => services.cancelOrders.covers(row))
        const answers = yield* cancelWaiting(
          runtime,
          covered.map(({ id }) => id),
        )
        left ||= answers.includes(false)
      }),
    )
    return left
  })

const fulfil = (
  runtime: CancellingRuntime,
  order: CancelOrder,
): Effect.Effect<void, StorageError | NotFound | Closed> =>
  Effect.gen(function* () {
    // Whoever claimed one cancels it only while the order is open.
    while (yield* writeAll(runtime, order)) yield* Effect.sleep(lookAgainMs)
    yield* writeSettings(runtime.services, [{ key: order.key, value: null }])
    runtime.services.cancelOrders.close(order)
  })

/** Begins to write what an open order says, beside its caller; until the storage has taken it all. */
export const fulfilBeside = (runtime: CancellingRuntime, order: CancelOrder): void =>
  runtime.services.fork(persist(runtime.services, fulfil(runtime, order)))

/**
 * Cancels all of a selection that wait, in one durable write: nothing of it is sent once it answers. Their rows follow
 * beside; a process that is started again goes on with them. Answers those that are worked on now, which it leaves alone.
 */
export const cancelAll = (
  runtime: CancellingRuntime & { readonly campaigns: Effect.Effect<ReadonlyArray<CampaignActor>> },
  selection: CancelSelection,
): Effect.Effect<ReadonlyArray<string>, StorageError> =>
  Effect.gen(function* () {
    const { services } = runtime
    const except = (yield* runtime.campaigns).flatMap(({ pump }) => pump.held())
    const through = yield* endOfChanges(services.store)
    const key = `${cancelOrderPrefix}${idOf("cancel-order", selection.campaignId ?? "", selection.leadId ?? "", through)}`
    const order: CancelOrder = { ...selection, key, through, except }
    yield* writeSettings(services, [{ key, value: orderAsSetting(order) }])
    services.cancelOrders.open(order)
    fulfilBeside(runtime, order)
    return except
  })

/** The orders that a process before this one left, open from now on. */
export const reopenOrders = (services: ProcessServices): Effect.Effect<ReadonlyArray<CancelOrder>, StorageError> =>
  Effect.map(listSettings(services, cancelOrderPrefix), (settings) => {
    const orders = settings.map(({ key, value }) => orderOfSetting(key, value))
    for (const order of orders) services.cancelOrders.open(order)
    return orders
  })
