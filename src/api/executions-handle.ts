import * as Effect from "effect/Effect"
import type { CampaignActor, CampaignError } from "../actors/campaign/campaign-actor.ts"
import { cancelWaiting } from "../actors/runtime/cancelling-many.ts"
import {
  type CancelAnswer,
  type ControlAnswer,
  cancelExecution,
  rescheduleExecution,
  resendExecution,
  resolveExecution,
  retryExecution,
} from "../actors/runtime/execution-control.ts"
import { runExecutionNow } from "../actors/runtime/running-now.ts"
import type { RuntimeActor } from "../actors/runtime/runtime-actor.ts"
import type { ExecutionFilter, SelectionFilter } from "../actors/selection/filter.ts"
import type { Closed, ExecutionRow, InvalidInput } from "../sdk/index.ts"
import { type ExecutionPage, listExecutions, queryOf } from "./execution-list.ts"
import { type ExecutionSelection, makeExecutionSelection } from "./execution-selection.ts"
import type { PromiseRunner } from "./promise.ts"

/** The executions of a runtime, one by one or as many as a filter chooses. */
export interface ExecutionsHandle {
  /** @throws NotFound */
  get(id: string): Promise<ExecutionRow>
  /** Rows in the order asked, `undefined` for what is not there. */
  find(ids: ReadonlyArray<string>): Promise<ReadonlyArray<ExecutionRow | undefined>>
  /** One page by id, ascending. */
  page(filter?: ExecutionFilter, page?: ExecutionPage): Promise<ReadonlyArray<ExecutionRow>>
  /**
   * Cancels those that wait, many in one durable write, and leaves all others alone; answers for each whether it was
   * cancelled now. The history says that they went together with others.
   */
  cancelWaiting(ids: ReadonlyArray<string>): Promise<ReadonlyArray<boolean>>
  /** By id, ascending; read in pages. */
  list(filter?: ExecutionFilter): AsyncIterable<ExecutionRow>
  /** Waits up to 5 s for a send that is under way. Answers `cancelled` only when nothing was and nothing will be sent. */
  cancel(
    id: string,
    options?: {
      /** Goes into the history: `campaign` for one that is cancelled along with others. Default `user`. */
      readonly by?: "user" | "campaign"
    },
  ): Promise<CancelAnswer | "missing">
  /** Runs a failed execution again with a new budget; `duplicate` accepts a second copy where an attempt is unknown. */
  retry(id: string, options?: { readonly duplicate?: boolean }): Promise<ControlAnswer>
  /** Settles an execution in doubt. */
  resolve(id: string, verdict: "sent" | "notSent"): Promise<ControlAnswer>
  /**
   * Sends again what was not sent: a failed execution, with a new budget. `inDoubt` takes those too of which an attempt may
   * have been delivered, and accepts a second copy. Refused for everything else, always for what was sent.
   */
  resend(id: string, options?: { readonly inDoubt?: boolean }): Promise<ControlAnswer>
  /** Moves the due time (epoch ms) of an execution that waits. @throws InvalidInput when it is no instant. */
  reschedule(id: string, dueAt: number): Promise<ControlAnswer>
  /**
   * Runs an execution that waits now, whatever its time and also in standby, and answers `applied` when that try is over.
   * `refused` for one that does not wait or whose campaign does not run.
   */
  runNow(id: string): Promise<ControlAnswer>
  /**
   * Many at once, by filter: looked at first with `preview()`, then cancelled, run again, moved, sent again. What it holds is
   * read anew by each call.
   *
   * @throws InvalidInput for a filter that names nothing: give `all: true` for every execution there is.
   */
  select(filter: SelectionFilter): ExecutionSelection
}

/** Does something about one execution with the actor of its campaign. */
export const controlOf =
  (runtime: RuntimeActor["Service"]) =>
  <A>(id: string, body: (actor: CampaignActor) => Effect.Effect<A, CampaignError | Closed | InvalidInput>) =>
    Effect.gen(function* () {
      const [row] = yield* runtime.services.store.use((driver) => driver.get([id]))
      return row === undefined ? ("missing" as const) : yield* body(yield* runtime.campaign(row.campaignId))
    })

/** The Promise face of execution control. */
export const makeExecutionsHandle = (
  runner: PromiseRunner<RuntimeActor>,
  runtime: RuntimeActor["Service"],
): ExecutionsHandle => {
  const { services } = runtime
  const control = controlOf(runtime)
  const on = <A>(id: string, body: (actor: CampaignActor) => Effect.Effect<A, CampaignError | Closed | InvalidInput>) =>
    runner.run(control(id, body))
  return {
    get: (id) => runner.run(runtime.execution(id)),
    list: (filter = {}) => listExecutions(runner, services.store, filter),
    find: (ids) => runner.run(services.store.use((driver) => driver.get(ids))),
    cancel: (id, { by = "user" } = {}) => on(id, (actor) => cancelExecution(services, actor, id, by)),
    page: (filter = {}, page = {}) => runner.run(services.store.use((driver) => driver.list(queryOf(filter, page)))),
    cancelWaiting: (ids) => runner.run(cancelWaiting(runtime, ids)),
    runNow: (id) => on(id, (actor) => runExecutionNow(services, actor, id)),
    retry: (id, { duplicate = false } = {}) => on(id, (actor) => retryExecution(services, actor, id, { duplicate })),
    resend: (id, { inDoubt = false } = {}) => on(id, (actor) => resendExecution(services, actor, id, { inDoubt })),
    select: (filter) => makeExecutionSelection(runner, runtime, filter),
    resolve: (id, verdict) => on(id, (actor) => resolveExecution(services, actor, id, verdict)),
    reschedule: (id, dueAt) => on(id, (actor) => rescheduleExecution(services, actor, id, dueAt)),
  }
}
