// Turns of the event loop: what is real must come to rest before virtual time goes on.
import { setImmediate } from "node:timers"
import { Timeline } from "./timeline.ts"
import type { VirtualScheduler } from "./virtual-scheduler.ts"

/** A microtask may follow from a microtask, but none is left when the event loop takes its next turn. */
const microtasksHaveRun = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * A world with a time of its own. What lives in it waits for Promises, fibers and timers of this world only, never for
 * real I/O; so once the microtasks have run dry nothing can happen any more at this instant, and time goes on.
 */
export class VirtualWorld {
  readonly timeline = new Timeline()
  readonly #schedulers = new Set<VirtualScheduler>()
  readonly #listeners = new Set<() => void>()
  #outside = 0

  join(scheduler: VirtualScheduler): void {
    this.#schedulers.add(scheduler)
  }

  leave(scheduler: VirtualScheduler): void {
    this.#schedulers.delete(scheduler)
  }

  /** Calls back each time when everything that could happen at an instant has happened; answers how to stop. */
  onQuiet(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Lets real work be done for the world, for example a template compiled by a worker; time stands still meanwhile. */
  async outside<A>(work: () => Promise<A>): Promise<A> {
    this.#outside += 1
    try {
      return await work()
    } finally {
      this.#outside -= 1
    }
  }

  /** Resolves after so many milliseconds of this world. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.timeline.set(this.timeline.now + ms, resolve))
  }

  /**
   * Lets time go on until the work has settled, and answers as it does; rejects when nothing can happen any more and it
   * has not, or when something spins without letting time pass.
   */
  async run<A>(work: Promise<A>): Promise<A> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    work.then(settle, settle)
    while (true) {
      await microtasksHaveRun()
      if (settled) return work
      for (const scheduler of this.#schedulers)
        if (scheduler.spins) throw new Error(`Something spins at ${this.timeline.now} ms without letting time pass.`)
      if (this.#outside > 0) continue
      for (const listener of this.#listeners) listener()
      for (const scheduler of this.#schedulers) scheduler.startInstant()
      if (!this.timeline.advance())
        throw new Error(`Nothing can happen any more at ${this.timeline.now} ms, and what was waited for has not.`)
    }
  }
}
