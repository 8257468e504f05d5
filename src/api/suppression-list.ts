import { suppressionPage } from "../actors/runtime/suppressing.ts"
import type { Store } from "../actors/store.ts"
import type { Suppression } from "../sdk/index.ts"
import { pageByPage } from "./pages.ts"
import type { PromiseRunner } from "./promise.ts"

const pageSize = 1_000

/** The suppression list by key. */
export const listSuppressions = <R>(
  { run }: PromiseRunner<R>,
  store: Store["Service"],
): AsyncGenerator<Suppression, void, void> =>
  pageByPage((after) => run(suppressionPage({ store }, after, pageSize)), { size: pageSize, keyOf: ({ key }) => key })
