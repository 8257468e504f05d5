import { StorageError } from "../../errors.ts"
import type { MaybePromise } from "../driver.ts"
import { Journal, type RecordChange } from "./journal.ts"

/** Makes one batch durable as a whole, or throws. */
export type Persist = (changes: ReadonlyArray<RecordChange>) => void | Promise<void>

interface Step {
  readonly body: () => unknown
  readonly reads: boolean
  readonly settle?: (outcome: Outcome) => void
}

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

const isPromise = (value: unknown): value is Promise<void> =>
  typeof value === "object" && value !== null && "then" in value

/**
 * Runs steps one after another on records in memory and persists what they changed before anybody hears of it. While
 * a batch is being written everything waits, reads included: nobody sees what is not durable. What waited is then run
 * and written together, so that slow stores get few, large batches.
 */
export class Pipeline {
  readonly journal: Journal
  readonly #storage: string
  readonly #persist: Persist | undefined
  readonly #waiting: Array<Step> = []
  /** Records of a batch that failed, as they are: what the store holds of them is not known until they are written again. */
  readonly #suspects = new Map<string, object | null>()
  #busy = false

  constructor(storage: string, persist: Persist | undefined) {
    this.#storage = storage
    this.#persist = persist
    this.journal = new Journal(persist !== undefined)
  }

  run<A>(body: () => A, reads: boolean): MaybePromise<A> {
    if (this.#busy)
      return new Promise<A>((resolve, reject) => {
        const settle = (outcome: Outcome) => (outcome.ok ? resolve(outcome.value as A) : reject(outcome.error))
        this.#waiting.push({ body, reads, settle })
      })
    const step = { body, reads }
    const done = this.#attempt([step])
    const answer = (outcomes: ReadonlyArray<Outcome>): A => {
      const outcome = outcomes[0]
      if (outcome?.ok !== true) throw outcome?.error
      return outcome.value as A
    }
    return done instanceof Promise ? done.then(answer) : answer(done)
  }

  #attempt(steps: ReadonlyArray<Step>): MaybePromise<ReadonlyArray<Outcome>> {
    const outcomes = steps.map((step) => this.#outcome(step))
    const changes = this.journal.changes()
    if (this.#persist === undefined || changes.length === 0) {
      this.journal.clear()
      return outcomes
    }
    const batch = new Map([...this.#suspects, ...changes])
    let written: void | Promise<void>
    try {
      written = this.#persist([...batch])
    } catch (error) {
      return this.#failed(steps, error)
    }
    if (!isPromise(written)) {
      this.#written()
      return outcomes
    }
    this.#busy = true
    return written.then(
      () => {
        this.#written()
        this.#next()
        return outcomes
      },
      (error: unknown) => {
        const failed = this.#failed(steps, error)
        this.#next()
        return failed
      },
    )
  }

  #outcome(step: Step): Outcome {
    const { mark } = this.journal
    try {
      return { ok: true, value: step.body() }
    } catch (error) {
      this.journal.undoTo(mark)
      return { ok: false, error }
    }
  }

  #written(): void {
    this.#suspects.clear()
    this.journal.clear()
  }

  #failed(steps: ReadonlyArray<Step>, error: unknown): ReadonlyArray<Outcome> {
    for (const [key, before] of this.journal.reversed()) if (!this.#suspects.has(key)) this.#suspects.set(key, before)
    this.journal.undoTo(0)
    this.journal.clear()
    const refusal = this.#errorOf(error)
    // Reads that came with the batch saw what is taken back: they are read again.
    return steps.map((step) => (step.reads ? this.#outcome(step) : { ok: false, error: refusal }))
  }

  #errorOf(cause: unknown): StorageError {
    if (cause instanceof StorageError) return cause
    return new StorageError({
      storage: this.#storage,
      code: "unavailable",
      retryable: true,
      indeterminate: true,
      cause,
      message: `The ${this.#storage} storage could not write: ${cause instanceof Error ? cause.message : String(cause)}. Read again before you repeat it`,
    })
  }

  /** Goes on with what waited, if nothing is being written. */
  #next(): void {
    this.#busy = false
    const steps = this.#waiting.splice(0)
    if (steps.length === 0) return
    const settle = (outcomes: ReadonlyArray<Outcome>) => {
      for (const [index, outcome] of outcomes.entries()) steps[index]?.settle?.(outcome)
    }
    const done = this.#attempt(steps)
    if (done instanceof Promise) void done.then(settle)
    else settle(done)
  }

  /** Resolves when nothing is being written or waits. */
  idle(): MaybePromise<void> {
    return this.#busy ? Promise.resolve(this.run(() => undefined, true)).then(() => this.idle()) : undefined
  }
}
