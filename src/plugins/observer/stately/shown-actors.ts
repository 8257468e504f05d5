import type { RuntimeEvent } from "../../../sdk/runtime-event.ts"
import { campaignFrames, type Definitions, executionFrames, isOver } from "./frames.ts"
import type { InspectionEvent } from "./inspection-event.ts"
import { isSampled } from "./sampling.ts"

/** Chooses what is shown and turns it into inspection events; remembers ids only, at most `maxActors` of each kind. */
export interface ShownActors {
  framesOf(event: RuntimeEvent): ReadonlyArray<InspectionEvent>
}

const nothing: ReadonlyArray<InspectionEvent> = []

/** No executions are shown yet. */
export const showActors = (options: {
  readonly sample: number
  readonly maxActors: number
  readonly definitions: Definitions
}): ShownActors => {
  const { sample, maxActors, definitions } = options
  const executions = new Set<string>()
  const campaigns = new Set<string>()

  /** Whether it is shown, and since when: `undefined` when there is no room for it. */
  const admit = (shown: Set<string>, id: string): "new" | "known" | undefined => {
    if (shown.has(id)) return "known"
    if (shown.size >= maxActors) return undefined
    shown.add(id)
    return "new"
  }

  return {
    framesOf: (event) => {
      if (event.type === "campaign") {
        const admitted = admit(campaigns, event.campaignId)
        return admitted === undefined ? nothing : campaignFrames(event, admitted === "new", definitions)
      }
      if (event.type !== "execution") return nothing
      if (!executions.has(event.executionId) && !isSampled(event.executionId, sample)) return nothing
      const admitted = admit(executions, event.executionId)
      if (admitted === undefined) return nothing
      const { campaignId, at } = event
      const parent =
        admit(campaigns, campaignId) === "new" ? campaignFrames({ campaignId, at }, true, definitions) : nothing
      if (isOver(event.state)) executions.delete(event.executionId)
      return [...parent, ...executionFrames(event, admitted === "new", definitions)]
    },
  }
}
