import type { Runtime } from "../../src/index.ts"
import type { RuntimeOptions } from "../../src/runtime.ts"
import { VirtualProcess } from "../../src/simulation/virtual-process.ts"
import type { VirtualWorld } from "../../src/simulation/virtual-world.ts"
import type { Chance } from "../chance.ts"
import type { Faults } from "../faults/faults.ts"
import type { Story } from "./story.ts"

/** What a host needs of its world. */
export interface HostWorld {
  readonly time: VirtualWorld
  readonly now: number
  readonly epoch: number
  readonly story: Story
  readonly hasEnded: boolean
  readonly mayCrash: (host: Host, where: string) => boolean
  readonly faults: Pick<Faults, "freezes">
  readonly onCrash: () => void
  readonly runtimeOptions: (host: Host) => RuntimeOptions
}

/** What one answers who has died: nothing, ever. A promise for each, since it would keep all that wait for it. */
export const never = (): Promise<never> => new Promise(() => undefined)

/** The process died before it answered. */
export class Unanswered extends Error {}

/** A machine: one process at a time with a wall clock and a disk, started again whenever it has died. */
export class Host {
  readonly name: string
  readonly #world: HostWorld
  readonly #chance: Chance
  #process: VirtualProcess | undefined
  #runtime: Runtime | undefined
  #waiting: Array<() => void> = []
  #lives = 0
  /** How far the wall clock is off, ms. */
  #wallOffset = 0
  #die: () => void = () => undefined
  #death: Promise<void> = Promise.resolve()

  constructor(world: HostWorld, name: string, chance: Chance) {
    this.#world = world
    this.name = name
    this.#chance = chance
  }

  get isAlive(): boolean {
    return this.#process?.isAlive === true
  }

  /** Times that it was started. */
  get lives(): number {
    return this.#lives
  }

  /** Epoch ms of its wall clock. */
  get wallNow(): number {
    return this.#world.epoch + this.#wallOffset + this.#world.now
  }

  /** The running runtime, as soon as there is one. */
  async runtime(): Promise<Runtime> {
    while (this.#runtime === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.#runtime
  }

  /** Asks the process; rejects with {@link Unanswered} when it dies first. */
  async ask<A>(question: (runtime: Runtime) => Promise<A>): Promise<A> {
    const runtime = await this.runtime()
    const death = this.#death.then(() => {
      throw new Unanswered(`${this.name} died`)
    })
    return Promise.race([question(runtime), death])
  }

  /** Resolves after so many milliseconds of the process, never when it dies meanwhile. */
  after(ms: number): Promise<void> {
    const process = this.#process
    return process?.isAlive === true ? new Promise((resolve) => process.clock.set(Math.max(1, ms), resolve)) : never()
  }

  /** An await at which the process may die or stand still: resolves when it goes on. */
  async pass(where: string): Promise<void> {
    if (this.isAlive && this.#world.mayCrash(this, where)) this.crash(where)
    if (!this.isAlive) await never()
    const frozenMs = this.#world.faults.freezes(where, this.name)
    if (frozenMs === 0) return
    this.freeze(frozenMs)
    await this.after(1)
  }

  /** The same where nothing can be awaited. */
  passNow(where: string): void {
    if (this.isAlive && this.#world.mayCrash(this, where)) this.crash(where)
    if (!this.isAlive) throw new Unanswered(`${this.name} died`)
  }

  /** Kills the process as `kill -9` and a power failure together do. */
  crash(where: string): void {
    this.#world.story.tell(`${this.name} CRASHES ${where}`)
    this.#process?.kill()
    this.#runtime = undefined
    this.#world.onCrash()
    this.#die()
  }

  /** SIGTERM: the process closes its runtime and exits. */
  async terminate(deadlineMs: number): Promise<void> {
    const runtime = this.#runtime
    if (runtime === undefined) return
    this.#world.story.tell(`${this.name} gets SIGTERM`)
    this.#runtime = undefined
    const process = this.#process
    await Promise.race([runtime.close({ deadlineMs }).catch(() => undefined), this.#death])
    if (process?.isAlive !== true) return
    this.#world.story.tell(`${this.name} exits`)
    process.kill()
    this.#world.onCrash()
    this.#die()
  }

  stepClock(byMs: number): void {
    this.#world.story.tell(`${this.name} sets its clock by ${byMs} ms`)
    this.#wallOffset += byMs
    this.#process?.clock.step(byMs)
  }

  freeze(forMs: number): void {
    if (!this.isAlive) return
    this.#world.story.tell(`${this.name} freezes for ${forMs} ms`)
    this.#process?.clock.freeze(forMs)
  }

  /** Starts the process again and again until the world has ended. */
  async live(): Promise<void> {
    while (!this.#world.hasEnded) {
      await this.#start()
      await this.#death
      await this.#world.time.sleep(this.#chance.between(1_000, 30_000))
    }
  }

  async #start(): Promise<void> {
    this.#lives += 1
    this.#death = new Promise((resolve) => {
      this.#die = resolve
    })
    this.#process = new VirtualProcess(this.#world.time, {
      random: this.#chance.random.fork(`life ${this.#lives}`),
      epoch: this.#world.epoch + this.#wallOffset,
    })
    try {
      const opened = this.#process.createRuntime(this.#world.runtimeOptions(this))
      const runtime = await Promise.race([opened, this.#death])
      if (runtime === undefined || !this.isAlive) return
      this.#world.story.tell(`${this.name} is up`)
      this.#runtime = runtime
      for (const resolve of this.#waiting.splice(0)) resolve()
    } catch (error) {
      this.#world.story.tell(`${this.name} did not start: ${String(error)}`)
      this.#process.kill()
      this.#die()
    }
  }
}
