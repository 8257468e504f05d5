import type { Clock } from "effect/Clock"

/** How many defects are tolerated in a sliding window. */
interface Intensity {
  readonly limit: number
  readonly windowMs: number
}

/** One execution may break that often before it fails. */
const executionIntensity: Intensity = { limit: 3, windowMs: 60_000 }

/** All executions of a campaign together; beyond it the plugin is broken, not the lead. */
const campaignIntensity: Intensity = { limit: 100, windowMs: 60_000 }

/** What to do about a defect: run the execution again, let it fail, or stop the campaign. */
export type Verdict = "restart" | "fail" | "degrade"

/** Counts defects in sliding windows, per execution and for the campaign. Bounded by the campaign's limit. */
export const makeSupervision = (clock: Clock): { readonly onDefect: (executionId: string) => Verdict } => {
  let defects: ReadonlyArray<{ readonly id: string; readonly at: number }> = []
  return {
    onDefect: (executionId) => {
      const now = clock.currentTimeMillisUnsafe()
      defects = [...defects.filter(({ at }) => now - at < campaignIntensity.windowMs), { id: executionId, at: now }]
      if (defects.length > campaignIntensity.limit) {
        defects = []
        return "degrade"
      }
      return defects.filter(({ id }) => id === executionId).length > executionIntensity.limit ? "fail" : "restart"
    },
  }
}
