import { getNextSnapshot } from "xstate"
import { type CircuitContext, type CircuitEvent, circuitMachine } from "./circuit.ts"

/** A circuit at rest. */
export interface CircuitRest {
  readonly state: "closed" | "open" | "halfOpen"
  readonly context: CircuitContext
}

/** A new circuit, closed. */
export const startCircuit = (
  options: Partial<Pick<CircuitContext, "threshold" | "baseMs" | "capMs">> = {},
): CircuitRest => ({
  state: "closed",
  context: { failures: 0, probeAt: null, cause: null, threshold: 5, baseMs: 1_000, capMs: 60_000, ...options },
})

/** The circuit after one event. */
export const stepCircuit = (rest: CircuitRest, event: CircuitEvent): CircuitRest => {
  // The common case by far, without building snapshots.
  if (event.type === "SUCCEEDED" && rest.state === "closed" && rest.context.failures === 0) return rest
  const before = circuitMachine.resolveState({ value: rest.state, context: rest.context })
  const after = getNextSnapshot(circuitMachine, before, event)
  return { state: after.value as CircuitRest["state"], context: after.context }
}
