import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type CircuitEvent, startCircuit, stepCircuit } from "../machines/index.ts"
import type { Transport } from "../sdk/index.ts"
import { makeAlarm } from "./alarm.ts"
import { elapsedMs } from "./elapsed.ts"

/** What a call tells about the other side, beside what the circuit hears. */
export type GateEvent =
  | CircuitEvent
  /** It was reached, and may have the mail. */
  | { readonly type: "REACHED" }
  /** It refuses us whatever the mail: a wrong password, a missing certificate. */
  | { readonly type: "CONFIG_REFUSED" }

/** Sends under way at once before the first one has shown that the transport is set up well. */
const unprovenConcurrency = 4

/** A slot of its own, a slot to probe the host with, or none: withdrawn, or the door is shut for good. */
type Admission = "slot" | "probe" | "closed"

/** Tells one who stands in line what became of it. */
type Waiting = (admission: Admission) => void

/** What the gate lets through right now. */
export interface GateView {
  readonly circuit: "closed" | "open" | "halfOpen"
  /** Why the circuit is open, without addresses. */
  readonly cause: string | null
  /** When the next probe goes out, epoch ms. */
  readonly probeAt: number | null
  readonly sending: number
}

/**
 * Stands before the intent: an intent is written only when the transport has a free slot, its rate allows a start, and
 * its circuit lets it through. So a kill puts at most `maxConcurrency` mails in doubt.
 */
export class TransportGate extends Context.Service<
  TransportGate,
  {
    /** Runs the effect in a slot, or answers `"closed"` without running it when it was withdrawn or the runtime drains. */
    readonly withSlot: <A, E>(key: string, body: Effect.Effect<A, E>) => Effect.Effect<A | "closed", E>
    /** Takes one who waits out of the line; who has a slot keeps it. */
    readonly withdraw: (key: string) => Effect.Effect<void>
    /** What the latest call said about the host. */
    readonly report: (event: GateEvent) => Effect.Effect<void>
    readonly view: Effect.Effect<GateView>
    /** Nothing new starts from now on; who waits is told so. */
    readonly close: Effect.Effect<void>
  }
>()("sendstate/actors/TransportGate") {
  static readonly layer = (transport: Transport): Layer.Layer<TransportGate> =>
    Layer.effect(
      TransportGate,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const { maxConcurrency, maxPerSecond } = transport.capabilities
        const spacingMs = maxPerSecond === undefined ? 0 : 1_000 / maxPerSecond
        // In the order of their coming.
        const waiting = new Map<string, Waiting>()
        let circuit = startCircuit()
        // A wrong password must cost a handful of refused logins, not one for each slot: providers lock accounts for it.
        let proven = false
        let sending = 0
        let probing = false
        // Both of elapsedMs.
        let nextStartAt = Number.NEGATIVE_INFINITY
        let nextProbeAt = Number.NEGATIVE_INFINITY
        let closed = false

        // When the first in line may start: now, at an instant, or once a probe has told about the host.
        const opensAt = (): number => {
          if (circuit.state === "closed") return nextStartAt
          return probing ? Number.POSITIVE_INFINITY : Math.max(nextStartAt, nextProbeAt)
        }

        const admit = (): void => {
          for (const [key, next] of waiting) {
            if (sending >= (proven ? maxConcurrency : Math.min(maxConcurrency, unprovenConcurrency))) return
            const now = elapsedMs(clock)
            const at = opensAt()
            if (at > now) {
              if (at !== Number.POSITIVE_INFINITY) alarm.set(at)
              return
            }
            const isProbe = circuit.state !== "closed"
            if (isProbe) {
              probing = true
              circuit = stepCircuit(circuit, { type: "PROBE_DUE" })
            }
            nextStartAt = Math.max(now, nextStartAt) + spacingMs
            sending += 1
            waiting.delete(key)
            next(isProbe ? "probe" : "slot")
          }
        }
        const alarm = yield* makeAlarm(admit)

        const enter = (key: string): Effect.Effect<Admission> =>
          Effect.callback<Admission>((resume) => {
            if (closed) return resume(Effect.succeed("closed"))
            // Who waits under this key has lost its lease: the row was claimed again.
            waiting.get(key)?.("closed")
            waiting.delete(key)
            const take: Waiting = (admission) => resume(Effect.succeed(admission))
            waiting.set(key, take)
            admit()
            return Effect.sync(() => {
              if (waiting.get(key) === take) waiting.delete(key)
            })
          })
        const leave = (admission: Admission): Effect.Effect<void> =>
          Effect.sync(() => {
            if (admission === "probe") probing = false
            sending -= 1
            admit()
          })

        return TransportGate.of({
          withSlot: <A, E>(key: string, body: Effect.Effect<A, E>) =>
            Effect.flatMap(
              enter(key),
              (admission): Effect.Effect<A | "closed", E> =>
                admission === "closed" ? Effect.succeed(admission) : Effect.ensuring(body, leave(admission)),
            ),
          withdraw: (key) =>
            Effect.sync(() => {
              const next = waiting.get(key)
              waiting.delete(key)
              next?.("closed")
            }),
          report: (event) =>
            Effect.sync(() => {
              if (event.type === "CONFIG_REFUSED") proven = false
              else if (event.type === "REACHED") proven = true
              else {
                proven ||= event.type === "SUCCEEDED"
                circuit = stepCircuit(circuit, event)
                const { probeAt } = circuit.context
                if (event.type === "HOST_FAILED" && probeAt !== null)
                  nextProbeAt = elapsedMs(clock) + probeAt - event.at
              }
              admit()
            }),
          view: Effect.sync(() => ({
            circuit: circuit.state,
            cause: circuit.context.cause,
            probeAt: circuit.context.probeAt,
            sending,
          })),
          close: Effect.sync(() => {
            closed = true
            for (const next of waiting.values()) next("closed")
            waiting.clear()
          }),
        })
      }),
    )
}
