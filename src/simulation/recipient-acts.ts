/**
 * What recipients do, each when its time has come. While the process is away it waits until it is back, and what a kill
 * interrupted is done again, as whoever tells of it does.
 */
export class RecipientActs {
  #open = 0
  #presence = Promise.withResolvers<void>()
  #kill = Promise.withResolvers<void>()
  readonly #waiting: Array<() => void> = []

  constructor() {
    this.back()
  }

  /** Does it, and again after a kill: `act` has to be idempotent. */
  async do(time: Promise<void>, act: () => Promise<void>): Promise<void> {
    this.#open += 1
    await time
    let isDone = false
    while (!isDone) {
      await this.#presence.promise
      isDone = await Promise.race([act().then(() => true), this.#kill.promise.then(() => false)])
    }
    this.#open -= 1
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Whether anything is left to do: where triggers wait for it, a campaign is not over before. */
  get isOpen(): boolean {
    return this.#open > 0
  }

  /** Answers once the next one is done. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The process was killed: nobody answers what was being told to it. */
  away(): void {
    this.#presence = Promise.withResolvers()
    this.#kill.resolve()
  }

  /** The process is there again. */
  back(): void {
    this.#kill = Promise.withResolvers()
    this.#presence.resolve()
  }
}
