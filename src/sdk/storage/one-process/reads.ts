import { bucketOf } from "../../domain/counts.ts"
import type { ExecutionRow } from "../../domain/execution.ts"
import type { ListQuery, StorageDriver } from "../driver.ts"
import type { Engine } from "./engine.ts"
import { addTotals, toCounts } from "./totals.ts"

const matches = (row: ExecutionRow, query: ListQuery): boolean =>
  (query.campaignId === undefined || row.campaignId === query.campaignId) &&
  (query.leadId === undefined || row.leadId === query.leadId) &&
  (query.after === undefined || row.id > query.after) &&
  (query.buckets === undefined || query.buckets.includes(bucketOf(row))) &&
  (query.reason === undefined || row.context.reason?.code === query.reason)

/** Resting rows from the store, leased ones as they are in memory, merged by id. */
const list = (engine: Engine, query: ListQuery): ReadonlyArray<ExecutionRow> => {
  const limit = Math.max(1, Math.min(1_000, Math.floor(query.limit)))
  const leased = [...engine.leases.values()]
    .map(({ row }) => row)
    .filter((row) => matches(row, query))
    .sort((left, right) => (left.id < right.id ? -1 : 1))
  // Nothing rests as `rendering`.
  const buckets = query.buckets?.filter((bucket) => bucket !== "rendering")
  const page: Array<ExecutionRow> = []
  let next = 0
  const takeLeased = (before?: string) => {
    for (let row = leased[next]; row !== undefined && page.length < limit; row = leased[++next]) {
      if (before !== undefined && row.id >= before) return
      page.push(row)
    }
  }
  if (buckets === undefined || buckets.length > 0)
    for (const { row } of engine.records.executions({ ...query, buckets })) {
      takeLeased(row.id)
      if (page.length >= limit) break
      if (!engine.leases.has(row.id)) page.push(row)
      if (page.length >= limit) break
    }
  takeLeased()
  return page
}

/** Everything that only looks. */
export const readMethods = (
  engine: Engine,
): Pick<
  StorageDriver,
  "get" | "list" | "counts" | "history" | "changes" | "enrollments" | "documents" | "listDocuments"
> => {
  const { records } = engine
  return {
    get: (ids) => engine.read(() => ids.map((id) => engine.find(id)?.row)),
    list: (query) => engine.read(() => list(engine, query)),
    counts: (campaignId) =>
      engine.read(() => {
        const { live, pruned } = records.totals(campaignId)
        return toCounts(addTotals(live, pruned), engine.leases.leased(campaignId))
      }),
    history: (id) => engine.read(() => records.history(id)),
    changes: (since, limit) => engine.read(() => records.changes(since, Math.max(1, limit))),
    enrollments: (ids) => engine.read(() => ids.map((id) => records.enrollment(id))),
    documents: (kind, keys) => engine.read(() => keys.map((key) => records.document(kind, key))),
    listDocuments: (kind, page) =>
      engine.read(() => records.documents(kind, { ...page, limit: Math.max(1, page.limit) })),
  }
}
