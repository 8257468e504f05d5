import type { Chance } from "../chance.ts"
import type { SimOptions } from "../options.ts"
import { calm, type Faults } from "./faults.ts"

/** How long a process may stand still, milliseconds: shorter and longer than leases last. */
export const freezeMs = [2_000, 40_000, 200_000] as const

// Between claim and receipt, where a process that stands still may lose what it holds. Nearly all other awaits are those
// of a process that only asks whether there is something to do.
const isOnTheWay = (where: string): boolean => /request commit|handoff|a write|a sync/.test(where)

/** Faults as often as a seed's options say, until they are stopped. */
export class DrawnFaults implements Faults {
  readonly #chance: Chance
  readonly #options: SimOptions
  #frozenMs = 0
  #stopped = false

  constructor(chance: Chance, options: SimOptions) {
    this.#chance = chance
    this.#options = options
  }

  /** From now on nothing goes wrong. */
  stop(): void {
    this.#stopped = true
  }

  #draws(probability: number): boolean {
    return !this.#stopped && probability > 0 && this.#chance.happens(probability)
  }

  fate: Faults["fate"] = (...args) =>
    this.#draws(this.#options.transport.faults)
      ? this.#chance.weighted(this.#options.transport.fates)
      : calm.fate(...args)

  disk: Faults["disk"] = () =>
    this.#draws(this.#options.disk.faults)
      ? this.#chance.weighted({ slow: 4, full: 1, refused: 2, failed: 2, unsynced: 2, answerLost: 3 })
      : "none"

  request: Faults["request"] = () =>
    this.#draws(this.#options.disk.faults)
      ? this.#chance.weighted({ slow: 3, requestLost: 2, answerLost: 2, landsLate: 2 })
      : "none"

  render: Faults["render"] = () =>
    this.#draws(this.#options.renderer.faults)
      ? this.#chance.weighted({ missing: 1, busy: 4, breaks: 2, giant: 1 })
      : "none"

  compile: Faults["compile"] = () =>
    this.#draws(this.#options.renderer.faults) ? this.#chance.weighted({ throws: 2, hangs: 1 }) : "none"

  crashes: Faults["crashes"] = () => this.#draws(this.#options.crashes.perAwait)

  freezes: Faults["freezes"] = (where) => {
    const { perAwait, mostMs } = this.#options.freezes
    if (this.#frozenMs >= mostMs || !isOnTheWay(where) || !this.#draws(perAwait)) return 0
    const frozenMs = this.#chance.pick(freezeMs)
    this.#frozenMs += frozenMs
    return frozenMs
  }
}
