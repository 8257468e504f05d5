import { startExecution } from "../../machines/index.ts"
import { type Enrollment, idOf, type Lead, type NewExecution } from "../../sdk/index.ts"
import type { LoadedDefinition } from "./definition.ts"
import type { CampaignClock } from "./record.ts"

/** What a campaign plans with. */
export interface Plan {
  readonly campaignId: string
  readonly loaded: LoadedDefinition
  readonly clock: CampaignClock
}

/** One lead's way into the campaign; `entry` tells re-entries apart. */
export const newEnrollment = (plan: Plan, lead: Lead, entry: string, now: number): Enrollment => ({
  id: idOf("enrollment", plan.campaignId, lead.id, entry),
  campaignId: plan.campaignId,
  leadId: lead.id,
  entry,
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

/** The execution of a mail that is scheduled by itself. */
export const planMail = (
  plan: Plan,
  enrollment: Pick<Enrollment, "id" | "leadId">,
  { id, template, at }: SingleMail,
  now: number,
): NewExecution => ({
  id,
  campaignId: plan.campaignId,
  enrollmentId: enrollment.id,
  leadId: enrollment.leadId,
  step: singleMailStep,
  template,
  definition: plan.loaded.hash,
  context: startExecution({ id, retry: plan.loaded.definition.retry, timeScale: plan.clock.scale, dueAt: at }).context,
  scheduledFor: at,
  createdAt: now,
})

/** The execution of one step, or `undefined` when the campaign has no such step. */
export const planStep = (
  plan: Plan,
  enrollment: Pick<Enrollment, "id" | "leadId">,
  index: number,
  now: number,
  at?: number,
): NewExecution | undefined => {
  const step = plan.loaded.definition.steps[index]
  if (step === undefined) return undefined
  const id = idOf("execution", enrollment.id, index)
  const dueAt = at ?? Math.ceil(now + step.afterMs / plan.clock.scale)
  return {
    id,
    campaignId: plan.campaignId,
    enrollmentId: enrollment.id,
    leadId: enrollment.leadId,
    step: index,
    template: step.hash,
    definition: plan.loaded.hash,
    context: startExecution({ id, retry: plan.loaded.definition.retry, timeScale: plan.clock.scale, dueAt }).context,
    scheduledFor: dueAt,
    createdAt: now,
  }
}
