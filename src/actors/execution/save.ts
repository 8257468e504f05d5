import * as Effect from "effect/Effect"
import {
  type Commit,
  type CommitResult,
  type NewExecution,
  type NotFound,
  rowProtocol,
  type StorageError,
} from "../../sdk/index.ts"
import type { CampaignOfExecution, ProcessServices } from "./dependencies.ts"
import { type CommitOptions, commitOf, type Progress, type Successor } from "./progress.ts"

// A cancelled mail is followed by nothing; but one that was run again may have a later round beside it.
const isFollowed = ({ state, context }: Progress): boolean =>
  state === "done" || (state === "cancelled" && context.round?.isRerun === true)

/** What comes next in the enrollment, when this progress ends the execution. */
export const successorOf = (
  campaign: CampaignOfExecution,
  progress: Progress,
  at: number,
): Effect.Effect<Successor | undefined, StorageError | NotFound> =>
  isFollowed(progress) ? campaign.successor(progress, at) : Effect.succeed(undefined)

const publishPlanned = ({ bus }: Pick<ProcessServices, "bus">, planned: NewExecution): void => {
  bus.publish({
    type: "execution",
    at: planned.createdAt,
    campaignId: planned.campaignId,
    executionId: planned.id,
    step: planned.step,
    state: "scheduled",
    context: planned.context,
    events: [rowProtocol.scheduledEvent(planned)],
  })
}

/** Tells listeners about progress that is durable now. */
export const publishProgress = (
  services: Pick<ProcessServices, "bus">,
  progress: Progress,
  planned: NewExecution | undefined,
): void => {
  const { row, state, context, events } = progress
  if (events.length > 0)
    services.bus.publish({
      type: "execution",
      at: events.at(-1)?.at ?? row.updatedAt,
      campaignId: row.campaignId,
      executionId: row.id,
      step: row.step,
      state,
      context,
      events,
    })
  if (planned !== undefined) publishPlanned(services, planned)
}

/** Pause between tries of what must not be given up while the process lives, milliseconds. */
const retryPauseMs = 250

/** Tries again and again while the storage fails, until the runtime has given up. */
export const persist = <A, E extends { readonly _tag: string }>(
  { hasGivenUp }: Pick<ProcessServices, "hasGivenUp">,
  work: Effect.Effect<A, E>,
): Effect.Effect<A, E> =>
  work.pipe(
    Effect.tapError(() => Effect.sleep(retryPauseMs)),
    Effect.retry({ while: (error) => !hasGivenUp() && error._tag === "StorageError" }),
  )

/** Commits; after an error that leaves open whether it was written nobody assumes: the row says so. */
export const commitForCertain = (
  services: ProcessServices,
  commit: Commit,
): Effect.Effect<CommitResult, StorageError> =>
  Effect.catchIf(
    services.committer.commit(commit),
    (error) => error.indeterminate,
    (error) =>
      Effect.gen(function* () {
        const [row] = yield* persist(
          services,
          services.store.use((driver) => driver.get([commit.id])),
        )
        const landed = row?.token === commit.token && row.version === commit.version + 1
        return landed ? { type: "ok" as const, version: row.version } : yield* Effect.fail(error)
      }),
  )

/** Commits progress with all that follows from it, and tells listeners once it is durable. */
export const saveProgress = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  progress: Progress,
  options: CommitOptions = {},
): Effect.Effect<CommitResult, StorageError | NotFound> =>
  Effect.gen(function* () {
    const successor = yield* successorOf(campaign, progress, services.clock.currentTimeMillisUnsafe())
    const commit = commitOf(progress, successor === undefined ? options : { ...options, successor })
    const result = yield* commitForCertain(services, commit)
    if (result.type === "ok") {
      publishProgress(services, progress, commit.plan)
      if (commit.plan !== undefined) campaign.onPlanned(commit.plan)
      // Evidence that came while the end was being written belongs to the history all the same.
      for (const flag of result.unheard ?? [])
        if (flag.type === "LATE_RECEIPT")
          services.fork(
            persist(
              services,
              campaign.signal(commit.id, () => flag),
            ),
          )
    }
    return result
  })

/** Whether a commit gave the lease back; when not, the caller releases it. */
export type AttemptEnd = "committed" | "release"

/** A commit that was refused has left the lease where it was. */
export const endOf = (result: CommitResult): AttemptEnd =>
  result.type === "flagged" || result.type === "refused" ? "release" : "committed"
