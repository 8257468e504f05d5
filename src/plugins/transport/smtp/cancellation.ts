// Real time: sockets live in it; a simulated world has a transport of its own.
import { clearTimeout, setTimeout } from "node:timers"
import type { Breakage } from "./failure.ts"

/**
 * The end of one send's patience: its AbortSignal or its overall deadline, whichever comes first.
 *
 * Much cheaper than `AbortSignal.any` with `AbortSignal.timeout`: one per mail.
 */
export class Cancellation {
  #reason: Breakage | undefined
  readonly #listeners = new Set<(reason: Breakage) => void>()
  readonly #signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => this.#fire({ word: "aborted", detail: "the send was aborted" })

  constructor(signal: AbortSignal, deadlineMs: number) {
    this.#signal = signal
    this.#timer = setTimeout(
      () => this.#fire({ word: "deadline", detail: `the deadline of ${deadlineMs} ms has passed` }),
      deadlineMs,
    )
    if (signal.aborted) this.#onAbort()
    else signal.addEventListener("abort", this.#onAbort, { once: true })
  }

  /** Why it is over, once it is over. */
  get reason(): Breakage | undefined {
    return this.#reason
  }

  /** Calls `listener` when it is over, at once if it already is; returns what takes the listener away. */
  onFire(listener: (reason: Breakage) => void): () => void {
    if (this.#reason !== undefined) listener(this.#reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Call it when the send has ended: frees the timer and the signal. */
  dispose(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener("abort", this.#onAbort)
    this.#listeners.clear()
  }

  #fire(reason: Breakage): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    clearTimeout(this.#timer)
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
  }
}
