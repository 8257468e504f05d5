import * as Effect from "effect/Effect"
import {
  type ExecutionRow,
  type Lead,
  type NewExecution,
  type NotFound,
  openBuckets,
  type StorageError,
} from "../../sdk/index.ts"
import { exitOf } from "../events/exits.ts"
import { enrolledAtOf, lastHeardBy } from "../events/hearing.ts"
import { readEvents } from "../events/lead-events.ts"
import type { CampaignOfExecution, ProcessServices } from "../execution/dependencies.ts"
import type { Progress, Successor } from "../execution/progress.ts"
import { persist } from "../execution/save.ts"
import { missedStart } from "../execution/waiting.ts"
import { eachPageOfRows } from "../pages.ts"
import { readLead } from "../stored-lead.ts"
import { goesByClocks } from "./definition.ts"
import { planNext, singleMailStep, type Unheard } from "./planner.ts"
import type { CampaignClock } from "./record.ts"

/** What the planning of a lead's next mail needs of its campaign. */
export interface SuccessionOptions {
  readonly services: Pick<ProcessServices, "store" | "leadOf" | "fork" | "hasGivenUp">
  readonly campaignId: string
  readonly clock: () => CampaignClock
  readonly definition: CampaignOfExecution["definition"]
  /** Makes a planned mail due, since the event that it waits for has come. */
  readonly release: (executionId: string, event: string) => Effect.Effect<unknown, StorageError | NotFound>
}

type Succession = Pick<CampaignOfExecution, "successor" | "onPlanned">

const unheardOf = ({ occasion, toldBefore }: Unheard): Unheard => ({
  ...(occasion === undefined ? {} : { occasion }),
  ...(toldBefore === undefined ? {} : { toldBefore }),
})

// The latest decision that the machine has taken: a skipped mail may say what follows instead of the next.
const decidedNext = ({ events }: Pick<Progress, "events">): number | undefined => {
  const skip = events.findLast((event) => event.type === "SKIP")
  return skip?.type === "SKIP" ? skip.next : undefined
}

/** Plans what follows in an enrollment when a mail has ended. A running enrollment stays on the definition that it entered. */
export const makeSuccession = ({ services, campaignId, clock, definition, release }: SuccessionOptions): Succession => {
  const { store } = services

  // One who cannot be asked for now goes by the campaign's clock.
  const leadOf = (leadId: string): Effect.Effect<Lead | undefined, StorageError> =>
    services.leadOf === undefined
      ? readLead(services, leadId)
      : Effect.orElseSucceed(services.leadOf(leadId), () => undefined)

  // A later round is under way beside a mail that was run again: that round ends the enrollment.
  const isAccompanied = ({ id, enrollmentId, leadId }: ExecutionRow): Effect.Effect<boolean, StorageError> =>
    Effect.gen(function* () {
      let found = false
      yield* eachPageOfRows(services, { campaignId, leadId, buckets: openBuckets }, (rows) =>
        Effect.sync(() => {
          found ||= rows.some(
            (row) => row.id !== id && row.enrollmentId === enrollmentId && row.context.round?.isRerun !== true,
          )
        }),
      )
      return found
    })

  const successor: Succession["successor"] = (ended, endedAt) =>
    Effect.gen(function* () {
      const { row, context } = ended
      if (row.step >= singleMailStep) return { next: undefined }
      const loaded = yield* definition({ definition: row.definition, context: { ...context, unknownAttempts: [] } })
      const heedsEvents = loaded.events.size > 0
      const events = heedsEvents ? yield* readEvents(store, row.leadId) : undefined
      const lastEvent = events === undefined ? () => undefined : lastHeardBy(row, events)
      if (exitOf(loaded, lastEvent) !== undefined) return { next: undefined }
      // What happens while a mail waits or is under way counts for what waits for it afterwards; but one event ends one
      // wait, so after a mail that waited for the same it has to come again.
      const sinceFor = (event: string): number =>
        loaded.definition.steps[row.step]?.waitUntil === event ? (context.renderedAt ?? endedAt) + 1 : row.createdAt
      const lead = goesByClocks(loaded.definition) ? yield* leadOf(row.leadId) : undefined
      const next = planNext(
        { campaignId, loaded, clock: clock() },
        {
          enrollment: { id: row.enrollmentId, leadId: row.leadId },
          lead,
          enrolledAt: heedsEvents ? enrolledAtOf(row) : undefined,
          unheard: unheardOf(context),
        },
        {
          step: row.step,
          round: context.round,
          outcome: context.outcome,
          next: decidedNext(ended),
          missed: missedStart(loaded.definition, row, endedAt),
          lastEvent,
          sinceFor,
        },
        endedAt,
      )
      if (next === undefined && context.round?.isRerun === true)
        return { next, isAccompanied: yield* isAccompanied(row) }
      return { next } satisfies Successor
    })

  // The event may have come between the look at the lead's events and the commit of the plan: it found nothing to move.
  const onPlanned = (planned: NewExecution): void => {
    const { awaitsSince } = planned.context
    if (awaitsSince === undefined) return
    services.fork(
      persist(
        services,
        Effect.gen(function* () {
          const loaded = yield* definition(planned)
          const event = loaded.definition.steps[planned.step]?.waitUntil
          if (event === undefined) return
          const at = lastHeardBy(planned, yield* readEvents(store, planned.leadId))(event)
          if (at !== undefined && at >= awaitsSince) yield* release(planned.id, event)
        }),
      ),
    )
  }

  return { successor, onPlanned }
}
