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
