import { startExecution } from "../../machines/index.ts"
import {
  type Enrollment,
  type ExecutionContext,
  idOf,
  type Lead,
  type NewExecution,
  type Outcome,
  type Round,
} from "../../sdk/index.ts"
import { zoneFor } from "../calendar/zone.ts"
import type { DefinedStep, LoadedDefinition } from "./definition.ts"
import { entryWithKey } from "./entries.ts"
import type { CampaignClock } from "./record.ts"
import { type Due, dueAtOrAfter, dueOfStep, nextRound, type Timing } from "./timing.ts"
import { templateFor } from "./variants.ts"

/** What a campaign plans with. */
export interface Plan {
  readonly campaignId: string
  readonly loaded: LoadedDefinition
  readonly clock: CampaignClock
}

/** One lead's way into the campaign; `entry` tells re-entries apart, `key` says what this one is for. */
export const newEnrollment = (
  plan: Plan,
  lead: Lead,
  { entry, key }: { readonly entry: string; readonly key?: string | undefined },
  now: number,
): Enrollment => ({
  id: idOf("enrollment", plan.campaignId, lead.id, entry),
  campaignId: plan.campaignId,
  leadId: lead.id,
  entry: entryWithKey(entry, key),
  definition: plan.loaded.hash,
  status: "active",
  createdAt: now,
})

/** Step of every mail that was scheduled by itself: beyond any sequence (at most 1,000 steps), so that nothing follows it. */
export const singleMailStep = 1_000

/** How a row names a template whose latest version is looked up by name at each attempt. */
export const latestPrefix = "latest:"

/** A mail of its own, outside the campaign's steps. */
export interface SingleMail {
  readonly id: string
  /** Content hash of a template version, or {@link latestPrefix} and a name. */
  readonly template: string
  /** Epoch ms. */
  readonly at: number
}

/** Whom something is planned for. */
export interface Planned {
  readonly enrollment: Pick<Enrollment, "id" | "leadId">
  /** Whose clock counts; `undefined` for one that is gone: the campaign's. */
  readonly lead: Pick<Lead, "timeZone"> | undefined
  /** Since when events count, epoch ms; `undefined` where none are heeded. */
  readonly enrolledAt: number | undefined
  /** What was told before, and does not count though its time says so. */
  readonly unheard?: Unheard | undefined
}

/** What an enrollment does not hear: absent where every such time lies before it. */
export type Unheard = Pick<ExecutionContext, "occasion" | "toldBefore">

const timingOf = ({ loaded, clock }: Plan, { lead }: Planned): Timing => ({
  definition: loaded.definition,
  clock,
  zone: zoneFor(loaded.definition, lead),
})

/** One mail to be planned. */
interface Mail {
  readonly id: string
  readonly step: number
  /** Content hash of a template version, or {@link latestPrefix} and a name. */
  readonly template: string
  readonly round?: Round | undefined
  readonly awaitsSince?: number | undefined
}

const executionOf = (
  plan: Plan,
  { enrollment, enrolledAt, unheard }: Planned,
  { id, step, template, round, awaitsSince }: Mail,
  { dueAt, reason }: Due,
  now: number,
): NewExecution => ({
  id,
  campaignId: plan.campaignId,
  enrollmentId: enrollment.id,
  leadId: enrollment.leadId,
  step,
  template,
  definition: plan.loaded.hash,
  context: startExecution({
    id,
    retry: plan.loaded.definition.retry,
    timeScale: plan.clock.scale,
    round,
    enrolledAt,
    unheard,
    awaitsSince,
    dueAt,
    reason,
  }).context,
  scheduledFor: dueAt,
  createdAt: now,
})

/** The execution of a mail that is scheduled by itself. */
export const planMail = (plan: Plan, planned: Planned, { id, template, at }: SingleMail, now: number): NewExecution =>
  executionOf(plan, planned, { id, step: singleMailStep, template }, dueAtOrAfter(timingOf(plan, planned), at), now)

const planStep = (
  plan: Plan,
  planned: Planned,
  step: number,
  round: Round | undefined,
  due: Due,
  now: number,
  awaitsSince?: number,
): NewExecution => {
  const words = round === undefined ? [step] : [step, round.startedAt]
  const id = idOf("execution", planned.enrollment.id, ...words)
  const template = templateFor(plan.loaded.definition, step, planned.enrollment.leadId) ?? ""
  return executionOf(plan, planned, { id, step, template, round, awaitsSince }, due, now)
}

const planRound = (plan: Plan, planned: Planned, number: number, now: number): NewExecution | undefined => {
  const [first] = plan.loaded.definition.steps
  const timing = timingOf(plan, planned)
  const startedAt = nextRound(timing, number, now)
  return first === undefined || startedAt === undefined
    ? undefined
    : planStep(plan, planned, 0, { number, startedAt }, dueOfStep(timing, first, startedAt), now)
}

/**
 * A lead's first execution; `undefined` when the campaign has no step, or comes no more. `at`: when it is wanted instead
 * of when the first step says.
 */
export const planFirst = (plan: Plan, planned: Planned, now: number, at?: number): NewExecution | undefined => {
  const { steps, repeat } = plan.loaded.definition
  const [first] = steps
  if (first === undefined) return undefined
  const timing = timingOf(plan, planned)
  const round = repeat === undefined || at === undefined ? undefined : { number: 0, startedAt: at }
  if (at !== undefined) return planStep(plan, planned, 0, round, dueAtOrAfter(timing, at), now)
  if (repeat !== undefined) return planRound(plan, planned, 0, now)
  return planStep(plan, planned, 0, undefined, dueOfStep(timing, first, now), now)
}

/** An execution that has ended. */
export interface Ended {
  readonly step: number
  readonly round: Round | undefined
  readonly outcome: Outcome | null
  /** Index of the step that follows by decision, instead of the one that stands next. */
  readonly next: number | undefined
  /** When it was to start, where it was late by the campaign's policy; epoch ms. */
  readonly missed: number | undefined
  /** Since when this event counts for a mail that waits for it from now on, epoch ms. */
  readonly sinceFor: (event: string) => number
  /** When this event last happened in the enrollment; `undefined` for never. */
  readonly lastEvent: (event: string) => number | undefined
}

// Nothing flows into the first mail of `else`: what stands before it goes on behind it.
const beginsElse = (steps: ReadonlyArray<DefinedStep>, index: number): boolean => steps[index - 1]?.next !== undefined

const dueOfNext = (timing: Timing, step: DefinedStep, { lastEvent, sinceFor }: Ended, now: number): Due =>
  step.waitUntil !== undefined && (lastEvent(step.waitUntil) ?? Number.NEGATIVE_INFINITY) >= sinceFor(step.waitUntil)
    ? { ...dueAtOrAfter(timing, now), reason: { code: "event", text: step.waitUntil } }
    : dueOfStep(timing, step, now)

/**
 * What follows in the enrollment: after `sent` and `skipped` the next step, then the next round, which a `failed` mail
 * does not keep from coming; `undefined` for nothing. What is run again goes on to the end of its round: the next one
 * was planned when it failed.
 */
export const planNext = (plan: Plan, planned: Planned, ended: Ended, now: number): NewExecution | undefined => {
  if (ended.step >= singleMailStep) return undefined
  const { steps } = plan.loaded.definition
  const index = ended.next ?? steps[ended.step]?.next ?? ended.step + 1
  const goesOn = ended.outcome === "sent" || ended.outcome === "skipped"
  const step = goesOn ? steps[index] : undefined
  if (step !== undefined) {
    // Both sides of a fork are due when it is, and so late when it is.
    const due =
      ended.missed !== undefined && beginsElse(steps, index)
        ? { dueAt: ended.missed, reason: undefined }
        : dueOfNext(timingOf(plan, planned), step, ended, now)
    const awaitsSince = step.waitUntil === undefined ? undefined : ended.sinceFor(step.waitUntil)
    return planStep(plan, planned, index, ended.round, due, now, awaitsSince)
  }
  return ended.round !== undefined && ended.round.isRerun !== true && (goesOn || ended.outcome === "failed")
    ? planRound(plan, planned, ended.round.number + 1, now)
    : undefined
}
