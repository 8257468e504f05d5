import * as z from "zod"
import { defineObserver } from "../../../sdk/define-observer.ts"
import type { Observer } from "../../../sdk/observer.ts"
import type { StatelyAdapter } from "./inspection-event.ts"
import { definitionOf, type InspectableMachine } from "./machine-definition.ts"
import { optionalPackage } from "./optional-package.ts"
import { showActors } from "./shown-actors.ts"

export type {
  ActorInspected,
  EventInspected,
  InspectedEvent,
  InspectedSnapshot,
  InspectionEvent,
  SnapshotInspected,
  StatelyAdapter,
} from "./inspection-event.ts"
export type { InspectableMachine } from "./machine-definition.ts"
export { type StatelyServer, type StatelyServerOptions, statelyServer } from "./stately-server.ts"

/** Options of the `stately` observer. */
export interface StatelyOptions {
  /** Where the events go: {@link statelyServer}, or an adapter of your own. */
  readonly adapter: StatelyAdapter
  /** Share of the executions that is shown, 0 to 1; default 0.01. Chosen by a hash of the execution's id: the same ones each time. */
  readonly sample?: number | undefined
  /** Executions shown at the same time, 1 to 10,000; default 50. One that ends makes room; one that waits keeps its place. */
  readonly maxActors?: number | undefined
  /** `executionMachine` and `campaignMachine` of `sendstate/machines`, so that the inspector draws them; default: no chart. */
  readonly machines?:
    | {
        readonly execution?: InspectableMachine | undefined
        readonly campaign?: InspectableMachine | undefined
      }
    | undefined
}

const machine = z
  .custom<InspectableMachine>((value) => typeof value === "object" && value !== null && "config" in value, "no machine")
  .optional()

const options = z.strictObject({
  adapter: z.custom<StatelyAdapter>(
    (value) => typeof value === "object" && value !== null && "send" in value && typeof value.send === "function",
    "no adapter: an object with send(event)",
  ),
  sample: z.number().min(0).max(1).default(0.01),
  maxActors: z.int().min(1).max(10_000).default(50),
  machines: z.strictObject({ execution: machine, campaign: machine }).default({}),
})

const create = ({ adapter, sample, maxActors, machines }: z.output<typeof options>): Omit<Observer, "name"> => {
  const actors = showActors({
    sample,
    maxActors,
    definitions: {
      execution: definitionOf("execution", machines.execution),
      campaign: definitionOf("campaign", machines.campaign),
    },
  })
  const connect = async () => {
    const { createInspector } = await optionalPackage("@statelyai/inspect", () => import("@statelyai/inspect"))
    const inspector = createInspector(adapter)
    inspector.start()
    return inspector
  }
  let inspector: ReturnType<typeof connect> | undefined
  let closed = false
  return {
    onEvent: (event) => {
      if (closed) return
      const frames = actors.framesOf(event)
      if (frames.length === 0) return
      inspector ??= connect()
      // Whole frames to the adapter: the inspector's own actor() drops the parent and the definition.
      return inspector.then((connected) => {
        if (!closed) for (const frame of frames) connected.adapter.send(frame)
      })
    },
    close: async () => {
      closed = true
      // Never before it was started; a failure to load was told to the event that needed it.
      await inspector?.catch(() => undefined)
      adapter.stop?.()
    },
  }
}

/**
 * Shows executions and campaigns in Stately's inspector, as `@statelyai/inspect` 0.7 speaks to it (an optional package:
 * `npm install @statelyai/inspect`).
 *
 * Opt-in, sampled, redacted and bounded. What is shown are ids, numbers, flags and codes: never a lead, an address, a
 * server's words or a mail. Executions show up as children of their campaign, each with its events and its state after
 * each commit. Stately's viewer is a page of theirs: who opens it gives these facts to that page.
 *
 * Cost: a hash per event for what is not sampled. Events come after they are durable; some may be missing when the
 * runtime is faster than the inspector.
 *
 * @example
 * ```ts
 * const server = await statelyServer()
 * console.log(server.viewerUrl)
 * const observer = stately({ adapter: server, sample: 1, machines: { execution: executionMachine } })
 * ```
 * @throws InvalidInput for options that make no sense. When `@statelyai/inspect` is absent, the first event that would
 * be shown is answered with MissingDependency.
 */
export const stately = defineObserver<z.output<typeof options>, StatelyOptions>({ name: "stately", options, create })
