import type { InspectionEvent } from "./inspection-event.ts"

/** What a viewer that connects late has to know: each actor and where it stands. */
export interface LatestFrames {
  remember(event: InspectionEvent, frame: string): void
  all(): ReadonlyArray<string>
}

/** Remembers the `limit` actors that appeared last. */
export const latestFrames = (limit: number): LatestFrames => {
  const actors = new Map<string, { readonly actor: string; snapshot?: string }>()
  return {
    remember: ({ type, sessionId }, frame) => {
      if (type === "@xstate.actor") {
        actors.delete(sessionId)
        actors.set(sessionId, { actor: frame })
        const [oldest] = actors.keys()
        if (actors.size > limit && oldest !== undefined) actors.delete(oldest)
      }
      const known = actors.get(sessionId)
      if (type === "@xstate.snapshot" && known !== undefined) known.snapshot = frame
    },
    all: () =>
      [...actors.values()].flatMap(({ actor, snapshot }) => (snapshot === undefined ? [actor] : [actor, snapshot])),
  }
}
