import { assign, setup } from "xstate"

/** What a circuit hears of its host. */
export type CircuitEvent =
  /** A send came through. */
  | { readonly type: "SUCCEEDED" }
  /** The host could not take mail; `at` is epoch ms, `retryAfterMs` its wish. */
  | { readonly type: "HOST_FAILED"; readonly at: number; readonly cause: string; readonly retryAfterMs?: number }
  /** The time to try again has come. */
  | { readonly type: "PROBE_DUE" }

/** What the circuit machine remembers. */
export interface CircuitContext {
  /** Host failures in a row. */
  readonly failures: number
  /** When the next probe may start, epoch ms; `null` while closed. */
  readonly probeAt: number | null
  readonly cause: string | null
  readonly threshold: number
  readonly baseMs: number
  readonly capMs: number
}

const afterFailure = (context: CircuitContext, event: CircuitEvent): Partial<CircuitContext> => {
  if (event.type !== "HOST_FAILED") return {}
  const failures = context.failures + 1
  const beyond = Math.min(30, Math.max(0, failures - context.threshold))
  const delay = Math.max(Math.min(context.capMs, context.baseMs * 2 ** beyond), event.retryAfterMs ?? 0)
  return { failures, cause: event.cause, probeAt: event.at + delay }
}

/** Keeps a failing host from being hammered: after `threshold` failures in a row only one probe at a time goes out. */
export const circuitMachine = setup({
  types: {
    context: {} as CircuitContext,
    events: {} as CircuitEvent,
    input: {} as Partial<Pick<CircuitContext, "threshold" | "baseMs" | "capMs">>,
  },
  guards: { reachesThreshold: ({ context }) => context.failures + 1 >= context.threshold },
  actions: {
    noteFailure: assign(({ context, event }) => afterFailure(context, event)),
    forgetFailures: assign({ failures: 0, probeAt: null, cause: null }),
  },
}).createMachine({
  id: "circuit",
  context: ({ input }) => ({
    failures: 0,
    probeAt: null,
    cause: null,
    threshold: input.threshold ?? 5,
    baseMs: input.baseMs ?? 1_000,
    capMs: input.capMs ?? 60_000,
  }),
  initial: "closed",
  states: {
    closed: {
      on: {
        SUCCEEDED: { actions: "forgetFailures" },
        HOST_FAILED: [
          { guard: "reachesThreshold", target: "open", actions: "noteFailure" },
          { actions: "noteFailure" },
        ],
      },
    },
    open: {
      on: {
        PROBE_DUE: "halfOpen",
        HOST_FAILED: { actions: "noteFailure" },
        SUCCEEDED: { target: "closed", actions: "forgetFailures" },
      },
    },
    halfOpen: {
      on: {
        SUCCEEDED: { target: "closed", actions: "forgetFailures" },
        HOST_FAILED: { target: "open", actions: "noteFailure" },
      },
    },
  },
})
