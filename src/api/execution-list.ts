import { type ExecutionFilter, selectionOf } from "../actors/selection/filter.ts"
import type { Store } from "../actors/store.ts"
import type { ExecutionRow, ListQuery } from "../sdk/index.ts"
import { pageByPage } from "./pages.ts"
import type { PromiseRunner } from "./promise.ts"

/** Which page of a list. */
export interface ExecutionPage {
  /** The last id of the page before. */
  readonly after?: string | undefined
  /** 1 to 1,000; default 500. */
  readonly limit?: number | undefined
}

const pageSize = 500

/** The storage's question for one page. */
export const queryOf = (filter: ExecutionFilter, { after, limit = pageSize }: ExecutionPage): ListQuery => ({
  limit,
  ...selectionOf(filter),
  ...(after === undefined ? {} : { after }),
})

/** Executions by id, ascending. */
export const listExecutions = <R>(
  { run }: PromiseRunner<R>,
  store: Store["Service"],
  filter: ExecutionFilter,
): AsyncGenerator<ExecutionRow, void, void> =>
  pageByPage((after) => run(store.use((driver) => driver.list(queryOf(filter, { after })))), {
    size: pageSize,
    keyOf: ({ id }) => id,
  })
