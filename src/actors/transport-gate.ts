import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { type CircuitEvent, type CircuitRest, startCircuit, stepCircuit } from "../machines/index.ts"
import type { Transport } from "../sdk/index.ts"
import { makeAlarm } from "./alarm.ts"
import { elapsedMs } from "./elapsed.ts"
import type { Problems } from "./problems.ts"
import { Line } from "./shaping/line.ts"
import { type Later, Shaper, type Ticket } from "./shaping/shaper.ts"
import type { Store } from "./store.ts"
import { makeStoredCircuit } from "./stored-circuit.ts"

/** What a call tells about the other side, beside what the circuit hears. */
export type GateEvent =
  | CircuitEvent
  /** It was reached, and may have the mail. */
  | { readonly type: "REACHED" }
  /** It refuses us whatever the mail: a wrong password, a missing certificate. */
  | { readonly type: "CONFIG_REFUSED" }
  /** It takes mail, but not so much at once. */
  | { readonly type: "ASKED_FOR_LESS" }

/** A stored time may come from a clock that was wrong, milliseconds. */
const longestProbeWaitMs = 24 * 3_600_000

/** A host that asked for less is given one send more at once after so much peace, milliseconds. */
const peaceMs = 10_000

/** Sends that were under way when it asked say nothing new, milliseconds. */
const echoMs = 5_000

/** Sends under way at once before the first one has shown that the transport is set up well. */
const unprovenConcurrency = 4

/**
 * A slot of its own, a slot to probe the host with, or none: put off until its turn, sent to another gate, withdrawn, or
 * the door is shut for good.
 */
type Admission = "slot" | "probe" | "elsewhere" | "closed" | Later

/** One who stands in line, and how it is told what became of it. */
interface Waiting {
  readonly key: string
  readonly ticket: Ticket
  readonly campaignId: string
  readonly priority: boolean
  /** Whether another gate may do as well. */
  readonly mayLeave: boolean
  readonly tell: (admission: Admission) => void
}

/** What the gate lets through right now. */
export interface GateView {
  readonly circuit: "closed" | "open" | "halfOpen"
  /** Why the circuit is open, without addresses. */
  readonly cause: string | null
  /** When the next probe goes out, epoch ms. */
  readonly probeAt: number | null
  readonly sending: number
  /** Sends that may be under way at once now: fewer than the transport's own limit while its host asks for less. */
  readonly concurrency: number
  /** Mails that stand in line. */
  readonly waiting: number
}

/** Who asks for a slot. */
export interface Entrant {
  readonly key: string
  readonly ticket: Ticket
  /** Whether another gate may do as well: it is told `"elsewhere"` when it should ask again which. */
  readonly mayLeave: boolean
}

/**
 * Stands before the intent: an intent is written only when the transport has a free slot, its rate and the mail's limits
 * allow a start, and its circuit lets it through. So a kill puts at most `maxConcurrency` mails in doubt.
 */
export interface TransportGate {
  /**
   * Runs the effect in a slot. Without running it answers `"closed"` when it was withdrawn or the runtime drains,
   * `"elsewhere"` when another gate may be better by now, or when its turn comes, should a limit keep it waiting for too
   * long.
   */
  readonly withSlot: <A, E>(
    entrant: Entrant,
    body: Effect.Effect<A, E>,
  ) => Effect.Effect<A | "elsewhere" | "closed" | Later, E>
  /** Why one stands in line, in words; `undefined` when it does not. */
  readonly whyWaiting: (key: string) => string | undefined
  /** Takes one who waits out of the line; who has a slot keeps it. */
  readonly withdraw: (key: string) => void
  /** Those in line who may leave ask again where to go. */
  readonly sendElsewhere: () => void
  /** What the latest call said about the host. */
  readonly report: (event: GateEvent) => void
  /** When the next one may go through, of elapsedMs; `Infinity` while a probe is out. */
  readonly opensAt: () => number
  readonly view: () => GateView
  /** Nothing new starts from now on; who waits is told so. */
  readonly close: () => void
}

/**
 * The gate of a transport.
 *
 * @param name Under which its circuit is kept.
 * @param onCircuit Called after its circuit has changed in any way that may matter to who chooses a gate.
 */
export const makeTransportGate = (
  name: string,
  { capabilities }: Pick<Transport, "capabilities">,
  onCircuit: () => void,
): Effect.Effect<TransportGate, never, Shaper | Store | Problems | Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const shaper = yield* Shaper
    const { maxConcurrency, maxPerSecond } = capabilities
    const spacingMs = maxPerSecond === undefined ? 0 : 1_000 / maxPerSecond
    const line = new Line<Waiting>()
    let circuit = startCircuit()
    // A wrong password must cost a handful of refused logins, not one for each slot: providers lock accounts for it.
    let proven = false
    let sending = 0
    let probing = false
    // Both of elapsedMs.
    let nextStartAt = Number.NEGATIVE_INFINITY
    let nextProbeAt = Number.NEGATIVE_INFINITY
    // What the host was given right after it asked for less last.
    let reduced = maxConcurrency
    let reducedAt = Number.NEGATIVE_INFINITY
    let closed = false

    // Known from before a restart, or from another process: the host is probed when they would have probed it.
    const learn = (rest: CircuitRest): void => {
      circuit = rest
      const { probeAt } = rest.context
      nextProbeAt =
        probeAt === null
          ? Number.NEGATIVE_INFINITY
          : elapsedMs(clock) + Math.min(probeAt - clock.currentTimeMillisUnsafe(), longestProbeWaitMs)
    }
    const stored = yield* makeStoredCircuit(name, (rest) => {
      learn(rest)
      admit()
      onCircuit()
    })
    if (stored.initial !== undefined) learn(stored.initial)

    // When the first in line may start: now, at an instant, or once a probe has told about the host.
    const opensAt = (): number => {
      if (circuit.state === "closed") return nextStartAt
      return probing ? Number.POSITIVE_INFINITY : Math.max(nextStartAt, nextProbeAt)
    }

    const concurrency = (): number => {
      const peace = Math.floor((elapsedMs(clock) - reducedAt) / peaceMs)
      const allowed = Math.min(maxConcurrency, reduced + peace)
      return proven ? allowed : Math.min(allowed, unprovenConcurrency)
    }

    const halve = (): void => {
      const now = elapsedMs(clock)
      if (now - reducedAt < echoMs) return
      reduced = Math.max(1, Math.floor(Math.min(concurrency(), Math.max(1, sending)) / 2))
      reducedAt = now
    }

    // Before a host that is down nobody is put off: whose turn it is then, nobody knows.
    /** Takes the next out of the line that its limits let start; who waits too long for them is put off. */
    const takeNext = (): Waiting | undefined => {
      const now = clock.currentTimeMillisUnsafe()
      const impatient: Array<string> = []
      const next = line.take((waiting) => {
        const wait = waiting.ticket.take(now)
        if (wait?.tooLong === true && circuit.state === "closed") impatient.push(waiting.key)
        else if (wait !== undefined && wait.askAt !== Number.POSITIVE_INFINITY)
          alarm.set(elapsedMs(clock) + Math.max(1, wait.askAt - now))
        return wait === undefined
      })
      for (const key of impatient) {
        const waiting = line.remove(key)
        waiting?.tell(waiting.ticket.later(now))
      }
      return next
    }

    const admit = (): void => {
      let probes = false
      while (line.size > 0 && sending < concurrency()) {
        const now = elapsedMs(clock)
        const at = opensAt()
        if (at > now) {
          if (at !== Number.POSITIVE_INFINITY) alarm.set(at)
          break
        }
        const next = takeNext()
        if (next === undefined) break
        const isProbe = circuit.state !== "closed"
        if (isProbe) {
          probing = true
          probes = true
          circuit = stepCircuit(circuit, { type: "PROBE_DUE" })
        }
        nextStartAt = Math.max(now, nextStartAt) + spacingMs
        sending += 1
        next.tell(isProbe ? "probe" : "slot")
      }
      if (probes) onCircuit()
    }
    const alarm = yield* makeAlarm(admit)
    shaper.onChange(admit)

    const enter = ({ key, ticket, mayLeave }: Entrant): Effect.Effect<Admission> =>
      Effect.callback<Admission>((resume) => {
        if (closed) return resume(Effect.succeed("closed"))
        // Who waits under this key has lost its lease: the row was claimed again.
        line.remove(key)?.tell("closed")
        const { campaignId, priority } = ticket
        const tell = (admission: Admission): void => resume(Effect.succeed(admission))
        const waiting: Waiting = { key, ticket, campaignId, priority, mayLeave, tell }
        line.add(key, waiting)
        admit()
        return Effect.sync(() => {
          if (line.get(key) === waiting) line.remove(key)
        })
      })
    const leave = (admission: Admission): Effect.Effect<void> =>
      Effect.sync(() => {
        sending -= 1
        if (admission === "probe") {
          probing = false
          onCircuit()
        }
        admit()
      })

    const why = (key: string): string | undefined => {
      const waiting = line.get(key)
      if (waiting === undefined) return undefined
      const { probeAt } = circuit.context
      if (circuit.state !== "closed")
        return `circuit ${circuit.state}${probeAt === null ? "" : ` until ${new Date(probeAt).toISOString()}`}`
      if (sending >= concurrency()) return `all ${concurrency()} slots of ${name} are in use`
      const wait = waiting.ticket.look(clock.currentTimeMillisUnsafe())
      return wait === undefined
        ? `the rate of ${name}`
        : `bucket ${wait.bucket} empty until ${new Date(Math.ceil(wait.until)).toISOString()}`
    }

    const hear = (event: GateEvent): void => {
      if (event.type === "CONFIG_REFUSED") proven = false
      else if (event.type === "REACHED") proven = true
      else if (event.type === "ASKED_FOR_LESS") halve()
      else {
        proven ||= event.type === "SUCCEEDED"
        const before = circuit
        circuit = stepCircuit(circuit, event)
        const { probeAt } = circuit.context
        if (event.type === "HOST_FAILED" && probeAt !== null) nextProbeAt = elapsedMs(clock) + probeAt - event.at
        // A single failure among sends that come through is nobody else's business.
        if (circuit === before || (circuit.state === "closed" && before.state === "closed")) return
        stored.save(circuit)
        onCircuit()
      }
    }

    return {
      withSlot: <A, E>(entrant: Entrant, body: Effect.Effect<A, E>) =>
        Effect.flatMap(
          enter(entrant),
          (admission): Effect.Effect<A | "elsewhere" | "closed" | Later, E> =>
            admission === "slot" || admission === "probe"
              ? Effect.ensuring(body, leave(admission))
              : Effect.succeed(admission),
        ),
      whyWaiting: why,
      withdraw: (key) => line.remove(key)?.tell("closed"),
      sendElsewhere: () => {
        for (const key of line.keys()) if (line.get(key)?.mayLeave === true) line.remove(key)?.tell("elsewhere")
      },
      report: (event) => {
        hear(event)
        admit()
      },
      opensAt,
      view: () => ({
        circuit: circuit.state,
        cause: circuit.context.cause,
        probeAt: circuit.context.probeAt,
        sending,
        concurrency: concurrency(),
        waiting: line.size,
      }),
      close: () => {
        closed = true
        for (const key of line.keys()) line.remove(key)?.tell("closed")
      },
    }
  })
