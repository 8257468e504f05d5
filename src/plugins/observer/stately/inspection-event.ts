/** What a snapshot shows: where the actor stands and its redacted context; the form of an XState snapshot. */
export interface InspectedSnapshot<Status extends "active" | "done" = "active" | "done"> {
  readonly status: Status
  readonly value: string | { readonly [state: string]: string }
  readonly context: { readonly [key: string]: unknown }
  readonly output: undefined
  readonly error: undefined
}

interface Head {
  readonly sessionId: string
  readonly rootId: string
  /** Epoch milliseconds, as text. */
  readonly createdAt: string
  readonly id: string
  readonly _version: string
}

/** An actor appears in the inspector. */
export interface ActorInspected extends Head {
  readonly type: "@xstate.actor"
  readonly name: string
  readonly parentId: string | undefined
  /** The machine's config as JSON text; without it the inspector draws no chart. */
  readonly definition: string | undefined
  readonly snapshot: InspectedSnapshot<"active"> | InspectedSnapshot<"done">
}

/** An actor got an event. */
export interface EventInspected extends Head {
  readonly type: "@xstate.event"
  readonly sourceId: string | undefined
  readonly event: InspectedEvent
}

/** An actor is in a state. */
export interface SnapshotInspected extends Head {
  readonly type: "@xstate.snapshot"
  readonly event: InspectedEvent
  readonly snapshot: InspectedSnapshot<"active"> | InspectedSnapshot<"done">
}

/** An event of a machine, redacted. */
export interface InspectedEvent {
  readonly type: string
  readonly [key: string]: unknown
}

/** What goes to the inspector: the protocol of `@statelyai/inspect` 0.7. */
export type InspectionEvent = ActorInspected | EventInspected | SnapshotInspected

/** The version of the protocol that is spoken here. */
export const protocolVersion = "0.7.2"

/** Where inspection events go; adapters of `@statelyai/inspect` have this shape. */
export interface StatelyAdapter {
  /** Called once before the first event. */
  start?(): void
  /** Called once after the last event. */
  stop?(): void
  /** Takes one event. Must not block: what it throws is reported once. */
  send(event: InspectionEvent): void
}
