import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import { LongestSleep } from "../actors/longest-sleep.ts"
import { openRuntime, type Runtime } from "../api/runtime-handle.ts"
import type { RuntimeOptions } from "../runtime.ts"
import type { SeededRandom } from "./seeded-random.ts"
import { VirtualClock } from "./virtual-clock.ts"
import { VirtualScheduler } from "./virtual-scheduler.ts"
import type { VirtualWorld } from "./virtual-world.ts"

/** How a process of a simulated world is set up. */
export interface VirtualProcessOptions {
  /** Where its ids and jitter come from. */
  readonly random: SeededRandom
  /** Epoch ms of its wall clock at the start of the world. */
  readonly epoch: number
  /** For a world whose clocks are never set: looks around only so often when nothing is due, milliseconds. Default as in production. */
  readonly longestSleepMs?: number
}

/** A process of a simulated world: production code with a clock, a scheduler and random numbers of the world. */
export class VirtualProcess {
  readonly clock: VirtualClock
  readonly #world: VirtualWorld
  readonly #scheduler = new VirtualScheduler()
  readonly #services: Context.Context<never>
  #alive = true

  constructor(world: VirtualWorld, { random, epoch, longestSleepMs }: VirtualProcessOptions) {
    this.#world = world
    this.clock = new VirtualClock(world.timeline, epoch)
    const services = Context.make(Clock.Clock, this.clock).pipe(
      Context.add(Random.Random, random),
      Context.add(Scheduler.Scheduler, this.#scheduler),
    )
    this.#services = longestSleepMs === undefined ? services : Context.add(services, LongestSleep, longestSleepMs)
    world.join(this.#scheduler)
  }

  get isAlive(): boolean {
    return this.#alive
  }

  /** As `createRuntime`, in this process. */
  createRuntime(options: RuntimeOptions): Promise<Runtime> {
    return openRuntime(options, this.#services)
  }

  /**
   * What `kill -9` does: no fiber goes on, nothing is finalized, no timer rings. Plugins have to see to it that nothing
   * reaches their other side from a process that is not alive.
   */
  kill(): void {
    this.#alive = false
    this.#scheduler.kill()
    this.clock.freeze(Number.POSITIVE_INFINITY)
    this.#world.leave(this.#scheduler)
  }
}
