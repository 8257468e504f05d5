import * as Scheduler from "effect/Scheduler"

/** Runs that one instant may need before the world is taken for one that spins. */
const maxTurnsPerInstant = 1_000_000

/**
 * Effect's scheduler without the event loop: fibers that yield go on in a microtask, so that everything that can happen
 * at one instant has happened once the microtasks have run dry.
 */
export class VirtualScheduler extends Scheduler.MixedScheduler {
  #ready: Array<() => void> = []
  #turns = 0
  #dead = false

  constructor() {
    super("async", (run) => this.#enqueue(run))
  }

  /** Whether it has spun at one instant and was stopped. */
  get spins(): boolean {
    return this.#turns >= maxTurnsPerInstant
  }

  /** Time goes on. */
  startInstant(): void {
    this.#turns = 0
  }

  /** From now on no fiber runs any more, and none is finalized: its process is dead. */
  kill(): void {
    this.#dead = true
    this.#ready = []
  }

  override shouldYield(fiber: Parameters<Scheduler.Scheduler["shouldYield"]>[0]): boolean {
    return this.#dead || super.shouldYield(fiber)
  }

  #enqueue(run: () => void): () => void {
    let cancelled = false
    const turn = (): void => {
      if (!cancelled) run()
    }
    this.#ready.push(turn)
    if (this.#ready.length === 1) queueMicrotask(() => this.#run())
    return () => {
      cancelled = true
    }
  }

  #run(): void {
    const ready = this.#ready
    this.#ready = []
    this.#turns += 1
    // A world that spins would never give the turn back.
    if (this.#dead || this.spins) return
    for (const turn of ready) turn()
  }
}
