import type { ExecutionFilter, StoreHandle } from "sendstate"
import type { ExecutionRow } from "sendstate/sdk"
import { type ExecutionObject, executionObject } from "./execution-object.ts"

const batchSize = 500

const withAddresses = async (
  store: StoreHandle,
  rows: ReadonlyArray<ExecutionRow>,
): Promise<ReadonlyArray<ExecutionObject>> => {
  const emails = await store.addresses(rows.map(({ leadId }) => leadId))
  return rows.map((row, index) => executionObject(row, emails[index]))
}

/** Executions with the addresses of their leads, read in batches: memory does not grow with their number. */
export async function* executionObjects(
  store: StoreHandle,
  filter: ExecutionFilter,
): AsyncGenerator<ExecutionObject, void, void> {
  let batch: ExecutionRow[] = []
  for await (const row of store.executions(filter)) {
    batch.push(row)
    if (batch.length < batchSize) continue
    yield* await withAddresses(store, batch)
    batch = []
  }
  yield* await withAddresses(store, batch)
}
