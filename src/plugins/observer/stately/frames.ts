import type { ExecutionState } from "../../../sdk/domain/execution.ts"
import type { CampaignChanged, ExecutionChanged } from "../../../sdk/runtime-event.ts"
import {
  type InspectedEvent,
  type InspectedSnapshot,
  type InspectionEvent,
  protocolVersion,
  type SnapshotInspected,
} from "./inspection-event.ts"
import { redacted, shownWord } from "./redaction.ts"

/** The machines' configs as JSON text. */
export interface Definitions {
  readonly execution: string | undefined
  readonly campaign: string | undefined
}

/** The session under which a campaign is shown; its executions are its children. */
const campaignSession = (campaignId: string): string => `campaign:${shownWord(campaignId)}`

/** Whether nothing more comes of it by itself. */
export const isOver = (state: ExecutionState): boolean => state === "done" || state === "cancelled"

const stateValue = (state: string): InspectedSnapshot["value"] => {
  const [outer = state, inner] = state.split(".")
  return inner === undefined ? outer : { [outer]: inner }
}

const head = (sessionId: string, rootId: string, at: number) => ({
  sessionId,
  rootId,
  createdAt: String(at),
  id: "",
  _version: protocolVersion,
})

const snapshotOf = (
  state: string,
  status: InspectedSnapshot["status"],
  context: InspectedSnapshot["context"],
): SnapshotInspected["snapshot"] => ({ status, value: stateValue(state), context, output: undefined, error: undefined })

const inspected = (event: { readonly type: string }): InspectedEvent => ({
  ...redacted(event),
  type: shownWord(event.type),
})

/** What the inspector is told of one change of an execution; `isNew` when it was not shown before. */
export const executionFrames = (
  change: ExecutionChanged,
  isNew: boolean,
  definitions: Definitions,
): ReadonlyArray<InspectionEvent> => {
  const root = campaignSession(change.campaignId)
  const about = head(shownWord(change.executionId), root, change.at)
  const snapshot = snapshotOf(change.state, isOver(change.state) ? "done" : "active", redacted(change.context))
  const events = change.events.map(inspected)
  return [
    ...(isNew
      ? [
          {
            type: "@xstate.actor",
            ...about,
            name: `execution ${about.sessionId}`,
            parentId: root,
            definition: definitions.execution,
            snapshot,
          } as const,
        ]
      : []),
    ...events.map((event) => ({ type: "@xstate.event", ...about, sourceId: undefined, event }) as const),
    { type: "@xstate.snapshot", ...about, event: events.at(-1) ?? { type: "" }, snapshot },
  ]
}

/** What the inspector is told of a campaign; `state` is `undefined` where only an execution of it was seen. */
export const campaignFrames = (
  change: Pick<CampaignChanged, "campaignId" | "at"> & { readonly state?: CampaignChanged["state"] },
  isNew: boolean,
  definitions: Definitions,
): ReadonlyArray<InspectionEvent> => {
  const session = campaignSession(change.campaignId)
  const about = head(session, session, change.at)
  const snapshot = snapshotOf(change.state ?? "running", "active", { id: shownWord(change.campaignId) })
  const actor = {
    type: "@xstate.actor",
    ...about,
    name: session,
    parentId: undefined,
    definition: definitions.campaign,
    snapshot,
  } as const
  if (change.state === undefined) return isNew ? [actor] : []
  return [...(isNew ? [actor] : []), { type: "@xstate.snapshot", ...about, event: { type: "" }, snapshot }]
}
