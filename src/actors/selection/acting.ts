import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  bucketOf,
  type Closed,
  durationSchema,
  type ExecutionRow,
  type InvalidInput,
  parse,
  type StorageError,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import { isFree, type Wish } from "../execution/signal-free.ts"
import {
  type ControlAnswer,
  controlExecution,
  dueAtSchema,
  resendExecution,
  retryExecution,
} from "../runtime/execution-control.ts"
import { type LeftReason, leftBecause, mayHaveArrived } from "./judging.ts"
import { forEachPage, type SelectingRuntime, type Selection } from "./selecting.ts"

/** What to do to every execution of a selection. */
export type SelectionAction =
  | { readonly type: "cancel" }
  /** `duplicate` accepts a second copy where an attempt may have been delivered. */
  | { readonly type: "retry"; readonly duplicate: boolean }
  /** To an instant, epoch ms. */
  | { readonly type: "reschedule"; readonly dueAt: number }
  /** Later than planned; those that were moved by hand at `asOf` (epoch ms, default now) or later are left alone. */
  | { readonly type: "reschedule"; readonly by: string | number; readonly asOf?: number | undefined }
  /** `inDoubt` accepts a second copy where an attempt may have been delivered. */
  | { readonly type: "resend"; readonly inDoubt: boolean }

/** What became of the executions of a selection. */
export interface SelectionResult {
  /** Done. */
  readonly applied: number
  /** Somebody works on them: it is done when they are finished, if there is anything left to do then. */
  readonly requested: number
  /** Left as they are. */
  readonly refused: number
  /** Gone since they were listed. */
  readonly missing: number
  /** Why those that were refused were. */
  readonly why: Readonly<Partial<Record<LeftReason, number>>>
  /**
   * Of those applied, how many have an attempt that may have been delivered: cancelled all the same, or a possible second
   * copy.
   */
  readonly mayHaveArrived: number
}

type Checked =
  | Exclude<SelectionAction, { type: "reschedule" }>
  | { readonly type: "reschedule"; readonly dueAt: number }
  | { readonly type: "reschedule"; readonly by: number; readonly asOf: number }

type Judgement = LeftReason | ControlAnswer

const flag = z.boolean().default(false)

const actionSchema = z.union([
  z.strictObject({ type: z.literal("cancel") }),
  z.strictObject({ type: z.literal("retry"), duplicate: flag }),
  z.strictObject({ type: z.literal("reschedule"), dueAt: dueAtSchema }),
  z.strictObject({ type: z.literal("reschedule"), by: durationSchema, asOf: dueAtSchema.optional() }),
  z.strictObject({ type: z.literal("resend"), inDoubt: flag }),
])

/** The last that a date can hold, epoch ms. */
const lastInstant = 8.64e15

const check = (action: SelectionAction, now: number): Effect.Effect<Checked, InvalidInput> =>
  Effect.try({
    try: () => {
      const checked = parse(actionSchema, action, `The wish to ${action.type}`)
      return "by" in checked ? { ...checked, asOf: checked.asOf ?? now } : checked
    },
    catch: (error) => error as InvalidInput,
  })

const consents = (action: Checked): boolean =>
  (action.type === "retry" && action.duplicate) || (action.type === "resend" && action.inDoubt)

const dueAfter = (action: Extract<Checked, { type: "reschedule" }>, row: ExecutionRow): number =>
  "dueAt" in action ? action.dueAt : Math.min(lastInstant, (row.context.dueAt ?? row.scheduledFor) + action.by)

/** Whether somebody moved it since then; what the campaign moves for its own reasons says why. */
const wasMovedSince = (
  { services }: SelectingRuntime,
  row: ExecutionRow,
  since: number,
): Effect.Effect<boolean, StorageError> =>
  row.updatedAt < since
    ? Effect.succeed(false)
    : Effect.map(
        services.store.use((driver) => driver.history(row.id)),
        (history) =>
          history
            .flatMap(({ events }) => events)
            .some((event) => event.type === "RESCHEDULE" && event.reason === undefined && event.at >= since),
      )

/** What is known before anything is written; `undefined` for what is to be carried out. */
const judge = (
  runtime: SelectingRuntime,
  actor: CampaignActor,
  action: Checked,
  row: ExecutionRow,
): Effect.Effect<Judgement | undefined, StorageError> => {
  const left = leftBecause(action.type, row, actor.record().rest.state, consents(action))
  if (left !== undefined) return Effect.succeed(left)
  if (action.type !== "reschedule") return Effect.succeed(undefined)
  if ("dueAt" in action) return Effect.succeed(action.dueAt === row.context.dueAt ? "moved" : undefined)
  return Effect.map(wasMovedSince(runtime, row, action.asOf), (moved) => (moved ? "moved" : undefined))
}

const wishOf = (action: Checked, row: ExecutionRow, at: number): Wish["flag"] | undefined => {
  switch (action.type) {
    case "cancel":
      return { type: "CANCEL", by: "user", at }
    case "reschedule":
      return { type: "RESCHEDULE", dueAt: dueAfter(action, row), at }
    case "retry":
      return { type: "REDRIVE", duplicate: action.duplicate, at }
    case "resend":
      // What is in doubt takes more than one step.
      return bucketOf(row) === "failed" ? { type: "REDRIVE", duplicate: action.inDoubt, at } : undefined
  }
}

const one = (
  { services }: SelectingRuntime,
  actor: CampaignActor,
  action: Checked,
  id: string,
): Effect.Effect<ControlAnswer, CampaignError> => {
  const now = (): number => services.clock.currentTimeMillisUnsafe()
  switch (action.type) {
    case "cancel":
      return controlExecution(actor, id, () => ({ type: "CANCEL", by: "user", at: now() }))
    case "reschedule":
      return controlExecution(actor, id, (row) => ({ type: "RESCHEDULE", dueAt: dueAfter(action, row), at: now() }))
    case "retry":
      return retryExecution(services, actor, id, action)
    case "resend":
      return resendExecution(services, actor, id, action)
  }
}

/** One answer for each row: those that nobody works on in one durable write, the others one by one. */
const actOnRows = (
  runtime: SelectingRuntime,
  actor: CampaignActor,
  action: Checked,
  rows: ReadonlyArray<ExecutionRow>,
): Effect.Effect<ReadonlyMap<ExecutionRow, Judgement>, CampaignError> =>
  Effect.gen(function* () {
    const answers = new Map<ExecutionRow, Judgement>()
    const wishes: Wish[] = []
    const now = runtime.services.clock.currentTimeMillisUnsafe()
    for (const row of rows) {
      const judged = yield* judge(runtime, actor, action, row)
      const wish = judged === undefined && isFree(row) ? wishOf(action, row, now) : undefined
      if (judged !== undefined) answers.set(row, judged)
      else if (wish !== undefined) wishes.push({ row, flag: wish })
    }
    const granted = wishes.length === 0 ? [] : yield* actor.signalMany(wishes)
    for (const [index, { row }] of wishes.entries()) if (granted[index] !== undefined) answers.set(row, "applied")
    yield* Effect.forEach(
      rows.filter((row) => !answers.has(row)),
      (row) => Effect.map(one(runtime, actor, action, row.id), (answer) => answers.set(row, answer)),
      { discard: true, concurrency: 50 },
    )
    return answers
  })

/**
 * Does one thing to every execution of a selection, page by page. Each is changed in a durable step of its own, so that
 * what was done stays when it is interrupted; asking again does nothing twice.
 */
export const actOnSelection = (
  runtime: SelectingRuntime,
  selection: Selection,
  wanted: SelectionAction,
): Effect.Effect<SelectionResult, CampaignError | InvalidInput | Closed> =>
  Effect.gen(function* () {
    const action = yield* check(wanted, runtime.services.clock.currentTimeMillisUnsafe())
    const tally = { applied: 0, requested: 0, refused: 0, missing: 0 }
    const why: Partial<Record<LeftReason, number>> = {}
    let doubtful = 0
    yield* forEachPage(runtime, selection, ({ actor, rows }) =>
      Effect.map(actOnRows(runtime, actor, action, rows), (answers) => {
        for (const [row, answer] of answers) {
          if (answer === "applied" || answer === "requested" || answer === "missing") tally[answer] += 1
          else {
            const reason = answer === "refused" ? "changed" : answer
            tally.refused += 1
            why[reason] = (why[reason] ?? 0) + 1
          }
          if (answer === "applied" && action.type !== "reschedule" && mayHaveArrived(row)) doubtful += 1
        }
      }),
    )
    return { ...tally, why, mayHaveArrived: doubtful }
  })
