import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { type CircuitEvent, startCircuit, stepCircuit } from "../machines/index.ts"
import type { Transport } from "../sdk/index.ts"

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
    /** Runs the effect in a slot, or answers `"closed"` without running it once the runtime drains. */
    readonly withSlot: <A, E>(body: Effect.Effect<A, E>) => Effect.Effect<A | "closed", E>
    /** What the latest call said about the host. */
    readonly report: (event: CircuitEvent) => Effect.Effect<void>
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
        const slots = yield* Semaphore.make(transport.capabilities.maxConcurrency)
        const closing = Latch.makeUnsafe(false)
        const circuitMoved = Latch.makeUnsafe(false)
        const spacingMs = 1_000 / (transport.capabilities.maxPerSecond ?? Number.POSITIVE_INFINITY)
        let nextStartAt = 0
        let sending = 0
        let circuit = startCircuit()
        let probing = false

        const wakeWaiting = (): void => {
          circuitMoved.openUnsafe()
          circuitMoved.closeUnsafe()
        }
        const react = (event: CircuitEvent): void => {
          circuit = stepCircuit(circuit, event)
          wakeWaiting()
        }

        // Open: wait for the probe's time. Half open: one probe goes, the others wait for what becomes of it.
        const passCircuit: Effect.Effect<boolean> = Effect.gen(function* () {
          while (true) {
            if (circuit.state === "closed") return false
            const wait = (circuit.context.probeAt ?? 0) - clock.currentTimeMillisUnsafe()
            if (wait <= 0 && !probing) {
              probing = true
              react({ type: "PROBE_DUE" })
              return true
            }
            yield* Effect.raceFirst(circuitMoved.await, Effect.sleep(probing ? 60_000 : Math.max(1, wait)))
          }
        })

        const passRate = Effect.gen(function* () {
          if (spacingMs === 0) return
          const now = clock.currentTimeMillisUnsafe()
          const startAt = Math.max(now, nextStartAt)
          nextStartAt = startAt + spacingMs
          if (startAt > now) yield* Effect.sleep(startAt - now)
        })

        const untilClosed = Effect.as(closing.await, "closed" as const)

        const withSlot = <A, E>(body: Effect.Effect<A, E>): Effect.Effect<A | "closed", E> =>
          Effect.suspend(() => {
            let holdsSlot = false
            let isProbe = false
            const takeSlot = Effect.uninterruptibleMask((restore) =>
              Effect.andThen(
                restore(slots.take(1)),
                Effect.sync(() => {
                  holdsSlot = true
                }),
              ),
            )
            const pass = Effect.gen(function* () {
              yield* takeSlot
              isProbe = yield* passCircuit
              yield* passRate
              return "open" as const
            })
            const giveBack = Effect.suspend(() => {
              if (isProbe) {
                probing = false
                wakeWaiting()
              }
              return holdsSlot ? Effect.asVoid(slots.release(1)) : Effect.void
            })
            const counted = Effect.suspend(() => {
              sending += 1
              return Effect.ensuring(
                body,
                Effect.sync(() => {
                  sending -= 1
                }),
              )
            })
            return Effect.raceFirst(pass, untilClosed).pipe(
              Effect.flatMap(
                (answer): Effect.Effect<A | "closed", E> =>
                  answer === "closed" || closing.isOpen() ? Effect.succeed("closed") : counted,
              ),
              Effect.ensuring(giveBack),
            )
          })

        return TransportGate.of({
          withSlot,
          report: (event) => Effect.sync(() => react(event)),
          view: Effect.sync(() => ({
            circuit: circuit.state,
            cause: circuit.context.cause,
            probeAt: circuit.context.probeAt,
            sending,
          })),
          close: Effect.asVoid(closing.open),
        })
      }),
    )
}
