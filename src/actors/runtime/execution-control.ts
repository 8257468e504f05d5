import * as Effect from "effect/Effect"
import * as z from "zod"
import { hasEnded } from "../../machines/index.ts"
import { type ExecutionRow, type Flag, type InvalidInput, parse } from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import type { ProcessServices, SignalAnswer } from "../execution/dependencies.ts"
import { Synchronous } from "../synchronous.ts"

/** What became of a cancel. */
export type CancelAnswer =
  /** Nothing was and nothing will be sent. */
  | "cancelled"
  /** It had ended before. */
  | "tooLate"
  /** Cancelled, but an earlier attempt may have been delivered. */
  | "inDoubt"
  /** A send is still under way; its outcome decides. */
  | "requested"

/** What became of a wish that can only be granted or refused. */
export type ControlAnswer = "applied" | "requested" | "refused" | "missing"

/** How long a cancel waits for a send that is under way, milliseconds, unless it is told otherwise. */
const cancelWaitMs = 5_000

const pollMs = 20

const judge = (row: Pick<ExecutionRow, "state" | "context">): CancelAnswer =>
  row.state === "cancelled" ? (row.context.delivery === "unknown" ? "inDoubt" : "cancelled") : "tooLate"

/**
 * Cancels one execution and answers honestly: `cancelled` only when nothing was sent for certain. `by` goes into the
 * history; a send under way is waited for so many milliseconds, by a synchronous caller not at all.
 */
export const cancelExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  by: "user" | "campaign" = "user",
  waitMs: number = cancelWaitMs,
): Effect.Effect<CancelAnswer | "missing", CampaignError> =>
  Effect.gen(function* () {
    const answer = yield* actor.signal(id, () => ({
      type: "CANCEL",
      by,
      at: services.clock.currentTimeMillisUnsafe(),
    }))
    if (answer.type === "missing") return "missing"
    if (answer.type !== "flagged") return judge(answer.row)
    if (yield* Synchronous) return "requested"
    const until = services.clock.currentTimeMillisUnsafe() + waitMs
    while (services.clock.currentTimeMillisUnsafe() < until) {
      const [row] = yield* services.store.use((driver) => driver.get([id]))
      if (row === undefined) return "missing"
      if (hasEnded(row.state)) return judge(row)
      yield* Effect.sleep(pollMs)
    }
    return "requested"
  })

const answerOf = (answer: SignalAnswer): ControlAnswer => (answer.type === "flagged" ? "requested" : answer.type)

/** Asks something of one execution. */
export const controlExecution = (
  actor: CampaignActor,
  id: string,
  flagFor: (row: ExecutionRow) => Flag,
): Effect.Effect<ControlAnswer, CampaignError> => Effect.map(actor.signal(id, flagFor), answerOf)

/** Runs a failed execution again, with a new budget. Refused for any other, in a cancelled campaign, and while an attempt is unknown unless `duplicate` accepts a second copy. */
export const retryExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  options: { readonly duplicate: boolean },
): Effect.Effect<ControlAnswer, CampaignError> =>
  actor.record().rest.state === "cancelled"
    ? Effect.succeed("refused")
    : controlExecution(actor, id, () => ({
        type: "REDRIVE",
        duplicate: options.duplicate,
        at: services.clock.currentTimeMillisUnsafe(),
      }))

/** Resolves an execution in doubt, for the attempt that is in doubt now. */
export const resolveExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  verdict: "sent" | "notSent",
): Effect.Effect<ControlAnswer, CampaignError> =>
  controlExecution(actor, id, (row) => ({
    type: "RESOLVE",
    attempt: row.context.attempt,
    verdict,
    by: "user",
    at: services.clock.currentTimeMillisUnsafe(),
    jitterUnit: services.random.nextDoubleUnsafe(),
  }))

/** An instant, epoch ms. */
export const dueAtSchema = z.int().min(0).max(8.64e15)

/** Moves an execution that waits to any instant. */
export const moveExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  dueAt: number,
): Effect.Effect<ControlAnswer, CampaignError> =>
  controlExecution(actor, id, () => ({ type: "RESCHEDULE", dueAt, at: services.clock.currentTimeMillisUnsafe() }))

/** Moves the due time of an execution that waits. */
export const rescheduleExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  dueAt: number,
): Effect.Effect<ControlAnswer, CampaignError | InvalidInput> =>
  Effect.andThen(
    Effect.try({
      try: () => parse(dueAtSchema, dueAt, "The due time (epoch milliseconds)"),
      catch: (error) => error as InvalidInput,
    }),
    moveExecution(services, actor, id, dueAt),
  )

/**
 * Sends again what was not sent: a failed execution, with a new budget; with `inDoubt` also where an attempt may have been
 * delivered, as a possible second copy. Refused for everything else, always for what was sent, and in a cancelled campaign.
 */
export const resendExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  { inDoubt }: { readonly inDoubt: boolean },
): Effect.Effect<ControlAnswer, CampaignError> =>
  Effect.gen(function* () {
    const read = Effect.map(
      services.store.use((driver) => driver.get([id])),
      ([row]) => row,
    )
    const row = yield* read
    if (row === undefined) return "missing"
    if (row.state === "sending.inDoubt") {
      if (!inDoubt || actor.record().rest.state === "cancelled") return "refused"
      const answer = yield* resolveExecution(services, actor, id, "notSent")
      // Out of attempts it ends as failed: it gets a new budget, as any other that failed.
      if (answer !== "applied" || (yield* read)?.context.outcome !== "failed") return answer
    }
    return yield* retryExecution(services, actor, id, { duplicate: inDoubt })
  })
