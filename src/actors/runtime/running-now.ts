import * as Effect from "effect/Effect"
import type { ExecutionRow } from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import { isWaiting } from "../cancel-orders.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import type { ControlAnswer } from "./execution-control.ts"
import { moveExecution } from "./execution-control.ts"

const pollMs = 10

const waits = (row: ExecutionRow): boolean => isWaiting(row) && row.owner === null

/**
 * Runs an execution that waits now, whatever its time and also in standby, and answers when that try is over. `refused`
 * where it does not wait, or its campaign does not run; `requested` when it takes longer than a send may.
 */
export const runExecutionNow = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
): Effect.Effect<ControlAnswer, CampaignError> =>
  Effect.gen(function* () {
    const { store, clock } = services
    const [row] = yield* store.use((driver) => driver.get([id]))
    if (row === undefined) return "missing"
    if (!waits(row) || actor.record().rest.state !== "running") return "refused"
    const now = clock.currentTimeMillisUnsafe()
    // Before everything else that is due, so that it is what is claimed first.
    const first = yield* store.use((driver) => driver.nextDueAt([actor.id]))
    const moved = yield* moveExecution(services, actor, id, Math.min(now, (first ?? now) - 1))
    if (moved === "refused" || moved === "missing") return moved
    yield* actor.pump.runFirst
    const until =
      now +
      Math.max(...services.routes.all.map(({ transport }) => transport.capabilities.deadlineMs)) +
      services.leases.graceMs
    while (clock.currentTimeMillisUnsafe() < until) {
      const [after] = yield* store.use((driver) => driver.get([id]))
      if (after === undefined) return "missing"
      const tried = after.context.attempt > row.context.attempt || !waits(after)
      if (tried && after.owner === null) return "applied"
      yield* Effect.sleep(pollMs)
    }
    return "requested"
  })
