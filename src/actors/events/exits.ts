import type { LoadedDefinition } from "../campaign/definition.ts"

/** Which event has ended the lead's way through the campaign, by what its enrollment has heard; `undefined` while it goes on. */
export const exitOf = (
  { definition }: Pick<LoadedDefinition, "definition">,
  lastEvent: (event: string) => number | undefined,
): "goal" | "exit" | undefined => {
  const happened = (event: string): boolean => lastEvent(event) !== undefined
  if (definition.goal !== undefined && happened(definition.goal)) return "goal"
  return definition.exit?.some(happened) === true ? "exit" : undefined
}
