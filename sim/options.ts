import { Chance } from "./chance.ts"
import { type Fate, firstFates, furtherFates } from "./faults/faults.ts"
import { clockChanges, usualPlace } from "./user/hours.ts"
import { drawSequence, type SequenceOptions } from "./user/sequence.ts"

const minute = 60_000
const hour = 60 * minute

/** One of several transports; all have the same abilities and the same kinds of faults. */
export interface RouteOptions {
  readonly name: string
  readonly weight: number
  /** When its host cannot be reached, milliseconds. */
  readonly outage: { readonly fromMs: number; readonly forMs: number } | null
}

/** Everything that a seed decides before its world starts. */
export interface SimOptions {
  readonly seed: number
  /** `sync` and `async`: one process on a disk of its own; `shared`: two processes on one storage. */
  readonly storage: "sync" | "async" | "shared"
  readonly leads: number
  readonly steps: number
  /** Delay of each step but the first. */
  readonly stepMinutes: number
  readonly onUnknown: "hold" | "assumeSent" | "resend"
  readonly retry: {
    readonly attempts: number
    readonly baseMs: number
    readonly factor: number
    readonly capMs: number
    readonly jitter: number
  }
  readonly transport: {
    readonly maxConcurrency: number
    readonly maxPerSecond: number | null
    readonly deadlineMs: number
    readonly signalsHandoff: boolean
    readonly idempotentMs: number | null
    readonly lookup: boolean
    readonly latencyMs: number
    /** Share of sends that do not simply succeed. */
    readonly faults: number
    readonly fates: Readonly<Record<Fate, number>>
  }
  /** Several transports; empty: one, that nobody gave a name. */
  readonly routes: ReadonlyArray<RouteOptions>
  readonly sequence: SequenceOptions
  /** Epoch ms at the start, by true time, and whose clocks the campaign goes by: some worlds see a change of the clocks. */
  readonly epoch: number
  readonly timeZone: string
  /** Mails per minute over all processes. */
  readonly limitPerMinute: number | null
  /** Mails per minute through each transport, over all processes. */
  readonly transportPerMinute: number | null
  readonly disk: { readonly latencyMs: number; readonly faults: number }
  readonly renderer: { readonly faults: number }
  /** Steps of the wall clock and freezes of a process, per hour. */
  readonly clock: { readonly stepsPerHour: number; readonly freezesPerHour: number }
  /** Probability of a crash at each await of a plugin, and how many a host may see. */
  readonly crashes: { readonly perAwait: number; readonly most: number; readonly sigtermShare: number }
  /** Probability that a process stands still at an await of a plugin, and for how long in all processes together, milliseconds. */
  readonly freezes: { readonly perAwait: number; readonly mostMs: number }
  readonly userActions: number
  /** How far ahead the user plans single mails, milliseconds. */
  readonly horizonMs: number
  /** How long faults last, milliseconds. */
  readonly stormMs: number
  /** How long nobody touches the runtime afterwards, milliseconds. */
  readonly handsOffMs: number
}

const drawFates = <Name extends Fate>(chance: Chance, names: ReadonlyArray<Name>): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, chance.happens(0.5) ? chance.between(1, 5) : 0])) as Record<
    Name,
    number
  >

// Drawn apart from all else, so that worlds with one transport stay what they were.
const drawRoutes = (chance: Chance, stormMs: number): ReadonlyArray<RouteOptions> => {
  if (!chance.happens(0.35)) return []
  const outage = (): RouteOptions["outage"] => {
    if (!chance.happens(0.6)) return null
    const fromMs = chance.between(0, stormMs / 2)
    return { fromMs, forMs: chance.between(1_000, stormMs - fromMs) }
  }
  return [
    { name: "main", weight: chance.pick([1, 3]), outage: outage() },
    { name: "backup", weight: chance.pick([0, 1]), outage: outage() },
  ]
}

// Where there are hours, half of the worlds see the clocks change: an hour is left out, or comes twice.
const drawPlace = (chance: Chance, hasHours: boolean): Pick<SimOptions, "epoch" | "timeZone"> => {
  if (!hasHours || !chance.happens(0.5)) return usualPlace
  const { timeZone, change } = chance.pick(clockChanges)
  return { timeZone, epoch: change - chance.between(1, 90) * minute }
}

const drawTransportLimit = (chance: Chance): number | null => (chance.happens(0.3) ? chance.pick([3, 30]) : null)

/** Swarm testing: each seed has some kinds of faults only, so that no kind hides another. */
export const drawOptions = (seed: number): SimOptions => {
  const chance = Chance.of(seed).fork("options")
  const limits = Chance.of(seed).fork("limits")
  const sometimes = (share: number, value: number): number => (chance.happens(share) ? value : 0)
  const storage = chance.weighted({ sync: 6, async: 10, shared: 2 })
  const attempts = chance.between(1, 5)
  const idempotent = chance.happens(0.15)
  const drawn = {
    seed,
    storage,
    leads: chance.between(1, 10),
    steps: chance.between(1, 3),
    // Processes that share a storage look at it every second: long worlds cost too much.
    stepMinutes: chance.pick(storage === "shared" ? [0, 7] : [0, 7, 90, 300]),
    onUnknown: chance.pick(["hold", "assumeSent", "resend"]),
    retry: {
      attempts,
      baseMs: chance.pick([0, 1_000, minute, 5 * minute]),
      factor: chance.pick([1, 2, 3]),
      capMs: chance.pick([5 * minute, 30 * minute]),
      jitter: chance.pick([0, 0.2, 1]),
    },
    transport: {
      maxConcurrency: chance.pick([1, 2, 8]),
      maxPerSecond: chance.happens(0.2) ? chance.pick([0.5, 2, 20]) : null,
      deadlineMs: chance.pick([5_000, 30_000, 120_000]),
      signalsHandoff: chance.happens(0.85),
      idempotentMs: idempotent ? chance.pick([10 * minute, 24 * hour]) : null,
      lookup: chance.happens(0.15),
      latencyMs: chance.pick([5, 100, 1_000]),
      faults: chance.pick([0, 0.1, 0.4, 0.8]),
      fates: {
        ...drawFates(chance, firstFates),
        busy: chance.between(1, 5),
        ...drawFates(Chance.of(seed).fork("further fates"), furtherFates),
      },
    },
    sequence: drawSequence(Chance.of(seed).fork("sequence"), storage === "shared"),
    limitPerMinute: limits.happens(0.4) ? limits.pick([2, 20, 600]) : null,
    transportPerMinute: drawTransportLimit(Chance.of(seed).fork("transport limits")),
    // Creating a campaign with many templates takes many requests: where each fifth one fails it would take days.
    disk: {
      latencyMs: chance.pick([1, 5, 50]),
      faults: Math.min(sometimes(0.4, chance.pick([0.01, 0.05, 0.2])), storage === "shared" ? 0.05 : 0.2),
    },
    renderer: { faults: sometimes(0.3, chance.pick([0.05, 0.3])) },
    clock: {
      stepsPerHour: storage === "shared" ? 0 : sometimes(0.25, chance.between(1, 6)),
      freezesPerHour: sometimes(storage === "shared" ? 0.6 : 0.25, chance.between(1, 10)),
    },
    crashes: {
      perAwait: sometimes(0.6, chance.pick([0.003, 0.02, 0.08])),
      most: chance.between(1, 20),
      sigtermShare: chance.pick([0, 0.3, 0.9]),
    },
    freezes: {
      perAwait: sometimes(storage === "shared" ? 0.7 : 0.15, chance.pick([0.02, 0.1, 0.4])),
      mostMs: chance.pick([5 * minute, 10 * minute]),
    },
    userActions: chance.between(0, 25),
    horizonMs: storage === "shared" ? 8 * minute : 6 * hour,
    stormMs: storage === "shared" ? 6 * minute : chance.pick([10 * minute, hour, 3 * hour]),
    handsOffMs: (storage === "shared" ? 6 : 30) * minute,
  } satisfies Omit<SimOptions, "routes" | "epoch" | "timeZone">
  return {
    ...drawn,
    ...drawPlace(Chance.of(seed).fork("place"), drawn.sequence.hours),
    routes: drawRoutes(Chance.of(seed).fork("routes"), drawn.stormMs),
  }
}
