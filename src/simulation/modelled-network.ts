import type { TransportRoute } from "../actors/routing/transport-route.ts"
import type { Transport } from "../sdk/index.ts"
import type { Inspection } from "./inspect.ts"
import type { SeededRandom } from "./seeded-random.ts"
import { modelledTransport, type Sink, type TransportRouteSettings, type TransportSettings } from "./transport-model.ts"
import type { VirtualProcess } from "./virtual-process.ts"
import type { VirtualWorld } from "./virtual-world.ts"

/** One copy that the other side took. */
export interface SimulatedSend {
  readonly executionId: string
  /** Name of the transport; `modelled` where the simulation was given no names. */
  readonly via: string
  /** The recipient's address. */
  readonly to: string
  /** Of the mail; the template's name where no renderer was given. */
  readonly subject: string
  /** When the transport was called, epoch ms. */
  readonly startedAt: number
  /** When the other side had it, epoch ms. */
  readonly at: number
}

/** Transport calls by what became of them. */
export interface SimulatedAttempts {
  readonly accepted: number
  readonly rejected: number
  readonly unknown: number
}

/** What went through one transport. */
export interface SimulatedTransport {
  readonly name: string
  readonly attempts: SimulatedAttempts
}

/** Where the network is. */
export interface NetworkPlaces {
  readonly world: VirtualWorld
  readonly inspection: Inspection
  /** Decides who exists. */
  readonly recipients: SeededRandom
  /** Called for each copy that the other side takes. */
  readonly take: (send: SimulatedSend) => void
}

/** Its name where the simulation was given none. */
const onlyName = "modelled"

/** The modelled transports of a world and what went through each; they outlive the processes that call them. */
export class ModelledNetwork {
  readonly #only: TransportSettings | undefined
  readonly #routes: ReadonlyArray<TransportRouteSettings>
  readonly #places: NetworkPlaces
  readonly #through = new Map<string, { accepted: number; rejected: number; unknown: number }>()

  /** @param models One without a name, or several with. */
  constructor(models: TransportSettings | ReadonlyArray<TransportRouteSettings>, places: NetworkPlaces) {
    this.#places = places
    this.#only = "latency" in models ? models : undefined
    this.#routes = "latency" in models ? [] : models
  }

  /** What a process sends through, as an option of its runtime. */
  waysOut(
    process: VirtualProcess,
    random: SeededRandom,
  ): { readonly transport: Transport } | { readonly transports: ReadonlyArray<TransportRoute> } {
    const { world, recipients } = this.#places
    const transportOf = (model: TransportSettings, name: string, dice: string): Transport =>
      modelledTransport(model, {
        world,
        process,
        recipients,
        random: random.fork(dice),
        sink: this.#sinkOf(name),
      })
    if (this.#only !== undefined) return { transport: transportOf(this.#only, onlyName, "transport") }
    return {
      transports: this.#routes.map(({ name, weight, senders, ...model }) => ({
        name,
        transport: transportOf(model, name, `transport ${name}`),
        ...(weight === undefined ? {} : { weight }),
        ...(senders === undefined ? {} : { senders }),
      })),
    }
  }

  /** What went through each, in their order. */
  transports(): ReadonlyArray<SimulatedTransport> {
    const names = this.#only === undefined ? this.#routes.map(({ name }) => name) : [onlyName]
    return names.map((name) => ({ name, attempts: this.#attemptsOf(name) }))
  }

  #attemptsOf(name: string): { accepted: number; rejected: number; unknown: number } {
    const attempts = this.#through.get(name) ?? { accepted: 0, rejected: 0, unknown: 0 }
    this.#through.set(name, attempts)
    return attempts
  }

  #sinkOf(name: string): Sink {
    const { inspection, take } = this.#places
    const attempts = this.#attemptsOf(name)
    return {
      begin: (id) => inspection.begin(id, name),
      refuse: (id) => inspection.refuse(id),
      take: (send) => take({ ...send, via: name }),
      count: (outcome) => {
        attempts[outcome] += 1
      },
    }
  }
}

/** All of them together. */
export const totalOf = (transports: ReadonlyArray<SimulatedTransport>): SimulatedAttempts => {
  const sum = (outcome: keyof SimulatedAttempts): number =>
    transports.reduce((total, { attempts }) => total + attempts[outcome], 0)
  return { accepted: sum("accepted"), rejected: sum("rejected"), unknown: sum("unknown") }
}
