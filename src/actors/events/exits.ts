import type { LoadedDefinition } from "../campaign/definition.ts"
import { type LeadEvents, lastEventFor } from "./lead-events.ts"

/** Which event has ended the lead's way through the campaign since it was enrolled; `undefined` while it goes on. */
export const exitOf = (
  { definition }: Pick<LoadedDefinition, "definition">,
  events: LeadEvents,
  enrolledAt: number,
): "goal" | "exit" | undefined => {
  const lastEvent = lastEventFor(events, definition.id)
  const happened = (event: string): boolean => (lastEvent(event) ?? Number.NEGATIVE_INFINITY) >= enrolledAt
  if (definition.goal !== undefined && happened(definition.goal)) return "goal"
  return definition.exit?.some(happened) === true ? "exit" : undefined
}
