import { suppressionPage } from "../actors/runtime/suppressing.ts"
import type { Store } from "../actors/store.ts"
import type { Suppression } from "../sdk/index.ts"
import type { PromiseRunner } from "./promise.ts"

const pageSize = 1_000

/** The suppression list by key, read page by page: memory does not grow with it. */
export async function* listSuppressions<R>(
  { run }: PromiseRunner<R>,
  store: Store["Service"],
): AsyncGenerator<Suppression, void, void> {
  let after: string | undefined
  while (true) {
    const page = await run(suppressionPage({ store }, after, pageSize))
    yield* page
    if (page.length < pageSize) return
    after = page.at(-1)?.key
  }
}
