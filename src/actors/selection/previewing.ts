import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  type Bucket,
  bucketOf,
  type Closed,
  type ExecutionRow,
  type InvalidInput,
  type NotFound,
  parse,
  type StorageError,
} from "../../sdk/index.ts"
import { type LeftReason, leftBecause, type SelectionActionType } from "./judging.ts"
import { forEachPage, type SelectingRuntime, type Selection } from "./selecting.ts"

/** What one action would do. */
export interface ActionPreview {
  /** How many it would be carried out for. */
  readonly touches: number
  /** How many would stay as they are. */
  readonly leaves: number
  /** Why those stay; `mayHaveArrived` counts those that the action takes too when a second copy is accepted. */
  readonly why: Readonly<Partial<Record<LeftReason, number>>>
}

/** What a selection holds at this moment, and what each action would do to it. */
export interface SelectionPreview {
  readonly total: number
  /** By column of the counts; columns with none are left out. */
  readonly byState: Readonly<Partial<Record<Bucket, number>>>
  /** The first by id. */
  readonly rows: ReadonlyArray<ExecutionRow>
  readonly actions: Readonly<Record<SelectionActionType, ActionPreview>>
}

/** How much of it to show. */
export interface PreviewLimit {
  /** How many rows, 0 to 1,000; default 10. */
  readonly limit?: number | undefined
}

const limitSchema = z.strictObject({ limit: z.int().min(0).max(1_000).default(10) })

interface Tally {
  touches: number
  leaves: number
  readonly why: Partial<Record<LeftReason, number>>
}

const emptyTally = (): Tally => ({ touches: 0, leaves: 0, why: {} })

/** Reads a selection and says what would become of it; changes nothing. */
export const previewSelection = (
  runtime: SelectingRuntime,
  selection: Selection,
  options: PreviewLimit,
): Effect.Effect<SelectionPreview, InvalidInput | NotFound | StorageError | Closed> =>
  Effect.gen(function* () {
    const { limit } = yield* Effect.try({
      try: () => parse(limitSchema, options, "The options of preview"),
      catch: (error) => error as InvalidInput,
    })
    const rows: ExecutionRow[] = []
    const byState: Partial<Record<Bucket, number>> = {}
    const actions = { cancel: emptyTally(), retry: emptyTally(), reschedule: emptyTally(), resend: emptyTally() }
    let total = 0
    const take = (row: ExecutionRow, campaign: Parameters<typeof leftBecause>[2]): void => {
      total += 1
      const bucket = bucketOf(row)
      byState[bucket] = (byState[bucket] ?? 0) + 1
      for (const action of Object.keys(actions) as Array<SelectionActionType>) {
        const tally = actions[action]
        const why = leftBecause(action, row, campaign, false)
        if (why === undefined) tally.touches += 1
        else {
          tally.leaves += 1
          tally.why[why] = (tally.why[why] ?? 0) + 1
        }
      }
    }
    yield* forEachPage(runtime, selection, ({ actor, rows: some }) =>
      Effect.sync(() => {
        for (const row of some) {
          // Campaigns of a page come one after another, ids do not.
          rows.push(row)
          take(row, actor.record().rest.state)
        }
        rows.sort((one, other) => (one.id < other.id ? -1 : 1)).splice(limit)
      }),
    )
    return { total, byState, rows, actions }
  })
