import {
  type RecordChange,
  type Storage,
  type StorageDriver,
  StorageError,
  type VerifyReport,
} from "../../src/sdk/index.ts"
import { oneProcessDriver } from "../../src/sdk/storage/one-process/driver.ts"
import { MemoryRecords } from "../../src/sdk/storage/one-process/memory-records.ts"
import type { VirtualWorld } from "../../src/simulation/virtual-world.ts"
import type { Chance } from "../chance.ts"
import type { Faults } from "../faults/faults.ts"
import type { SimOptions } from "../options.ts"
import type { Host } from "./host.ts"
import type { Story } from "./story.ts"

/** What a shared storage needs of its world. */
export interface SharedWorld {
  readonly time: VirtualWorld
  readonly now: number
  readonly epoch: number
  readonly story: Story
  readonly faults: Pick<Faults, "request">
}

const lost = (): StorageError =>
  new StorageError({
    storage: "shared",
    code: "connection-lost",
    retryable: true,
    indeterminate: true,
    message: "The connection broke on purpose.",
  })

type Method = (...args: ReadonlyArray<unknown>) => unknown

/** Its own clock decides about leases. */
const withServerTime = (method: string, args: ReadonlyArray<unknown>, now: number): ReadonlyArray<unknown> => {
  switch (method) {
    case "claimDue":
      return [{ ...(args[0] as object), now }]
    case "commit":
    case "release":
      return [args[0], now]
    case "signal":
      return [(args[0] as ReadonlyArray<object>).map((signal) => ({ ...signal, now }))]
    case "renew":
      return [args[0], { ...(args[1] as object), now }]
    default:
      return args
  }
}

/** A server that several processes share: rows, leases and rules are its own; requests and answers may be lost. */
export class SharedStorage {
  readonly #world: SharedWorld
  readonly #chance: Chance
  readonly #options: SimOptions["disk"]
  readonly #server: StorageDriver

  constructor(
    world: SharedWorld,
    chance: Chance,
    options: SimOptions["disk"],
    onDurable: (batch: ReadonlyArray<RecordChange>) => void,
  ) {
    this.#world = world
    this.#chance = chance
    this.#options = options
    this.#server = oneProcessDriver({
      storage: "shared",
      records: new MemoryRecords({ storage: "shared", persist: onDurable }),
      mode: "own",
      control: false,
      claimNotes: false,
    }) as StorageDriver
  }

  /** The plugin of one process. */
  storage(host: Host): Storage {
    const driver = new Proxy(this.#server, {
      get: (server, name: string) => {
        const method = server[name as keyof StorageDriver] as Method | undefined
        if (typeof method !== "function") return method
        if (name === "close") return async () => undefined
        return (...args: ReadonlyArray<unknown>) => this.#request(host, name, method, args)
      },
    })
    return {
      name: "shared",
      capabilities: { processes: "many", durability: "fsync", sync: false, control: false, notify: false },
      open: async () => driver,
    }
  }

  async verify(): Promise<VerifyReport> {
    return this.#server.verify()
  }

  async #request(host: Host, name: string, method: Method, args: ReadonlyArray<unknown>): Promise<unknown> {
    const { latencyMs } = this.#options
    const fault = this.#world.faults.request(name, host.name)
    if (fault !== "none") this.#world.story.tell(`${host.name} ${name}: ${fault}`)
    await host.pass(`before the request ${name}`)
    if (fault === "requestLost" || fault === "landsLate") {
      if (fault === "landsLate") this.#landLate(name, method, args)
      await host.after(1_000)
      throw lost()
    }
    // On its way it no longer depends on the process that sent it.
    await this.#world.time.sleep(
      fault === "slow" ? this.#chance.between(1_000, 60_000) : this.#chance.latencyMs(latencyMs),
    )
    const answer = this.#answer(name, method, args)
    await host.after(this.#chance.latencyMs(latencyMs))
    await host.pass(`after the request ${name}`)
    if (fault === "answerLost") throw lost()
    return answer
  }

  #landLate(name: string, method: Method, args: ReadonlyArray<unknown>): void {
    this.#world.time.timeline.set(this.#world.now + this.#chance.between(2_000, 120_000), () => {
      this.#world.story.tell(`a late ${name} lands`)
      this.#answer(name, method, args)
    })
  }

  #answer(name: string, method: Method, args: ReadonlyArray<unknown>): unknown {
    return method.apply(this.#server, [...withServerTime(name, args, this.#world.epoch + this.#world.now)])
  }
}
