import type { RuntimeEvent } from "./runtime-event.ts"

/**
 * Sees what happens, after it is durable. Cannot change or delay anything: a throw is reported once and ignored, a slow
 * observer loses events and is told how many (`lagged`).
 */
export interface Observer {
  readonly name: string
  /** Called for each event, one at a time, in order of the commits of one execution. */
  onEvent(event: RuntimeEvent): void | Promise<void>
  /** Called once when the runtime closes, after the last event. */
  close?(): void | Promise<void>
}
