import * as Effect from "effect/Effect"
import type { Closed, ExecutionRow, ListQuery, NotFound, StorageError } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

/** Which executions are meant. */
export type Selection = Omit<ListQuery, "after" | "limit">

/** What acting on many needs of the runtime. */
export interface SelectingRuntime {
  readonly services: ProcessServices
  readonly campaign: (id: string) => Effect.Effect<CampaignActor, NotFound | StorageError | Closed>
}

/** Rows of one page that belong to one campaign. */
export interface CampaignRows {
  readonly actor: CampaignActor
  readonly rows: ReadonlyArray<ExecutionRow>
}

const pageSize = 500

/**
 * Gives each page of a selection to `body`, by campaign, in the order of ids. Memory does not grow with their number, and
 * an interrupt is heard between any two pages.
 */
export const forEachPage = <E>(
  runtime: SelectingRuntime,
  selection: Selection,
  body: (rows: CampaignRows) => Effect.Effect<void, E>,
): Effect.Effect<void, E | NotFound | StorageError | Closed> =>
  Effect.gen(function* () {
    const { store } = runtime.services
    let after: string | undefined
    while (true) {
      const page: ReadonlyArray<ExecutionRow> = yield* store.use((driver) =>
        driver.list({ ...selection, limit: pageSize, ...(after === undefined ? {} : { after }) }),
      )
      for (const [campaignId, rows] of Map.groupBy(page, (row) => row.campaignId))
        yield* body({ actor: yield* runtime.campaign(campaignId), rows })
      if (page.length < pageSize) return
      after = page.at(-1)?.id
      // A whole turn: the other work of the process goes on in between.
      yield* Effect.sleep(0)
    }
  })
