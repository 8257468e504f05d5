import * as Effect from "effect/Effect"
import type { Closed, ExecutionRow, ListQuery, NotFound, StorageError } from "../../sdk/index.ts"
import type { CampaignActor } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { eachPageOfRows } from "../pages.ts"

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

/**
 * Gives each page of a selection to `body`, by campaign, in the order of ids. Memory does not grow with their number, and
 * an interrupt is heard between any two pages.
 */
export const forEachPage = <E>(
  runtime: SelectingRuntime,
  selection: Selection,
  body: (rows: CampaignRows) => Effect.Effect<void, E>,
): Effect.Effect<void, E | NotFound | StorageError | Closed> =>
  eachPageOfRows(runtime.services, selection, (page) =>
    Effect.gen(function* () {
      for (const [campaignId, rows] of Map.groupBy(page, (row) => row.campaignId))
        yield* body({ actor: yield* runtime.campaign(campaignId), rows })
      // A whole turn: the other work of the process goes on in between.
      yield* Effect.sleep(0)
    }),
  )
