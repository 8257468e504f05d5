import type { SimOptions } from "../options.ts"
import { peakOf } from "./peak.ts"

/** What is checked. */
export interface LimitedWorld {
  readonly options: Pick<SimOptions, "limitPerMinute" | "transportPerMinute" | "clock" | "freezes">
  readonly violate: (promise: string, evidence: string) => void
}

const minute = 60_000

/** What limits promise: no minute sees more starts than they allow, over all processes and restarts. */
export class LimitChecks {
  readonly #world: LimitedWorld
  /** By transport, epoch ms of the intents. */
  readonly #starts = new Map<string, Array<number>>()

  constructor(world: LimitedWorld) {
    this.#world = world
  }

  /** The transport is called for an intent of then; `via`: which of several. */
  onCall(at: number, via = "the transport"): void {
    this.#starts.set(via, [...(this.#starts.get(via) ?? []), at])
  }

  onEnd(): void {
    const { limitPerMinute, transportPerMinute, clock, freezes } = this.#world.options
    // A clock that is set shows the same minute twice; a process that stands still starts what it had taken when it goes on.
    if (clock.stepsPerHour + clock.freezesPerHour + freezes.perAwait > 0) return
    // All recipients are of one domain.
    this.#check("their domain", [...this.#starts.values()].flat(), limitPerMinute)
    for (const [via, starts] of this.#starts) this.#check(via, starts, transportPerMinute)
  }

  #check(whose: string, starts: ReadonlyArray<number>, limit: number | null): void {
    const peak = peakOf(starts, minute)
    if (limit !== null && peak > limit)
      this.#world.violate("no limit is exceeded", `${peak} starts in a minute, the limit of ${whose} is ${limit}`)
  }
}
