import * as Effect from "effect/Effect"
import { bucketOf, type ExecutionRow, type StorageError } from "../../sdk/index.ts"
import type { Definition } from "../campaign/definition.ts"
import { firstEnrollment } from "../campaign/entries.ts"
import { singleMailStep } from "../campaign/planner.ts"
import { isHeldOut, variantFor } from "../campaign/variants.ts"
import { lastHeardBy } from "../events/hearing.ts"
import type { LeadEvents } from "../events/lead-events.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { eachPageOfRows } from "../pages.ts"

/** How often what was done, by event; of what is counted in the same place. */
export type EventCounts = Readonly<Record<string, number>>

/** What became of one variant of a step. */
export interface VariantReport {
  /** Counted from 0. */
  readonly step: number
  readonly name: string
  readonly template: string
  readonly planned: number
  readonly sent: number
  /** Ended in another way: failed, suppressed, skipped or cancelled. */
  readonly notSent: number
  /** After how many of the mails `sent` their recipient did what, once for each mail: a lead that gets it in several rounds or entries counts for each. */
  readonly events: EventCounts
}

/** Leads that are compared. */
export interface AudienceReport {
  /** Each once, however often it came again. */
  readonly leads: number
  /** How many of them did what since they were first enrolled. */
  readonly events: EventCounts
}

/** How a campaign's variants did, and what its mails did at all. */
export interface CampaignReport {
  readonly variants: ReadonlyArray<VariantReport>
  /** Leads that get the campaign's mails. */
  readonly mailed: AudienceReport
  /** Leads that get none, to compare with. */
  readonly heldOut: AudienceReport
  /** The event that the campaign is for; `null` without one. */
  readonly goal: string | null
}

type Counting<Report> = { -readonly [Key in keyof Report]: Report[Key] } & { events: Record<string, number> }

const notSent = new Set(["failed", "suppressed", "skipped", "cancelled"])

const countEvents = (into: Record<string, number>, events: LeadEvents, row: ExecutionRow, since: number): void => {
  const lastEvent = lastHeardBy(row, events)
  for (const event of Object.keys(events.last))
    if ((lastEvent(event) ?? Number.NEGATIVE_INFINITY) >= since)
      into[event] = (Object.hasOwn(into, event) ? (into[event] ?? 0) : 0) + 1
}

const variantReports = ({ steps }: Definition): ReadonlyArray<Counting<VariantReport>> =>
  steps.flatMap(({ variants = [] }, step) =>
    variants.map(({ name, template }) => ({ step, name, template, planned: 0, sent: 0, notSent: 0, events: {} })),
  )

/** Reads the executions of the campaign that is defined so, page by page, with what happened to their leads. */
export const reportCampaign = (
  { store }: Pick<ProcessServices, "store">,
  definition: Definition,
): Effect.Effect<CampaignReport, StorageError> =>
  Effect.gen(function* () {
    const { id: campaignId } = definition
    const variants = variantReports(definition)
    const mailed: Counting<AudienceReport> = { leads: 0, events: {} }
    const heldOut: Counting<AudienceReport> = { leads: 0, events: {} }

    const take = (row: ExecutionRow, events: LeadEvents): void => {
      if (row.step >= singleMailStep) return
      const isFirst = row.step === 0 && (row.context.round?.number ?? 0) === 0
      if (isFirst && row.enrollmentId === firstEnrollment(campaignId, row.leadId)) {
        const audience = isHeldOut(definition, row.leadId) ? heldOut : mailed
        audience.leads += 1
        countEvents(audience.events, events, row, Number.NEGATIVE_INFINITY)
      }
      const name = variantFor(definition, row.step, row.leadId)?.name
      const report = variants.find((one) => one.step === row.step && one.name === name)
      if (report === undefined || row.context.reason?.code === "holdout") return
      const bucket = bucketOf(row)
      report.planned += 1
      if (bucket === "sent") report.sent += 1
      if (notSent.has(bucket)) report.notSent += 1
      if (bucket === "sent") countEvents(report.events, events, row, row.context.renderedAt ?? row.createdAt)
    }

    yield* eachPageOfRows({ store }, { campaignId }, (page) =>
      Effect.gen(function* () {
        const documents = yield* store.use((driver) =>
          driver.documents(
            "events",
            page.map((row) => row.leadId),
          ),
        )
        for (const [index, row] of page.entries())
          take(row, (documents[index]?.value as unknown as LeadEvents | undefined) ?? { last: {}, ids: [] })
        yield* Effect.yieldNow
      }),
    )
    return { variants, mailed, heldOut, goal: definition.goal ?? null }
  })
