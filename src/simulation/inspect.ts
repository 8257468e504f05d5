import type { Runtime } from "../api/runtime-handle.ts"
import { type Counts, isConserved } from "../sdk/index.ts"

/** Violations that are listed one by one; beyond it they are counted only. */
const mostListed = 100

/** What must hold in every simulation; each breach is a bug, or a wrong promise of a plugin. */
export class Inspection {
  readonly #listed: Array<string> = []
  #total = 0
  /** By execution: where it went whenever nobody heard a refusal, and how often. */
  readonly #mayHave = new Map<string, { readonly via: string; readonly times: number }>()

  #report(violation: string): void {
    this.#total += 1
    if (this.#listed.length < mostListed) this.#listed.push(violation)
  }

  /** In any sample. */
  sample(counts: Counts): void {
    if (!isConserved(counts)) this.#report(`the conservation law does not hold: ${JSON.stringify(counts)}`)
  }

  /** A transport is called. */
  begin(id: string, via: string): void {
    const before = this.#mayHave.get(id)
    if (before !== undefined && before.via !== via)
      this.#report(`${id}: "${before.via}" may have it, and "${via}" was called for it`)
    this.#mayHave.set(id, { via, times: (before?.times ?? 0) + 1 })
  }

  /** A process has heard that one call for it ended in a refusal. */
  refuse(id: string): void {
    const before = this.#mayHave.get(id)
    if (before === undefined || before.times === 1) this.#mayHave.delete(id)
    else this.#mayHave.set(id, { ...before, times: before.times - 1 })
  }

  /** At the end: what each execution says, compared with what the other side has. */
  async compare(runtime: Runtime, copies: ReadonlyMap<string, number>): Promise<void> {
    for await (const { id, context, state } of runtime.executions.list()) {
      const arrived = copies.get(id) ?? 0
      if (arrived - 1 > context.doubts)
        this.#report(`${id}: ${arrived} copies, but ${context.doubts} were reported in doubt`)
      if (context.outcome === "sent" && context.delivery === "confirmed" && arrived === 0)
        this.#report(`${id}: is called sent, and nothing arrived`)
      if (state === "done" && context.outcome !== "sent" && context.delivery === null && arrived > 0)
        this.#report(`${id}: is called ${context.outcome}, and was delivered`)
      if (context.used > context.retry.attempts)
        this.#report(`${id}: ${context.used} attempts, but its policy allows ${context.retry.attempts}`)
    }
  }

  /** The first hundred, and how many there are beyond. */
  violations(): ReadonlyArray<string> {
    const more = this.#total - this.#listed.length
    return more === 0 ? this.#listed : [...this.#listed, `... and ${more} more`]
  }
}
