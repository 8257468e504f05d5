import type { RuntimeOptions } from "../../src/runtime.ts"
import type { Storage, VerifyReport } from "../../src/sdk/index.ts"
import { VirtualWorld } from "../../src/simulation/virtual-world.ts"
import { Chance } from "../chance.ts"
import { Acknowledged } from "../checks/acknowledged.ts"
import { Checks } from "../checks/checks.ts"
import type { Faults } from "../faults/faults.ts"
import type { SimOptions } from "../options.ts"
import { guestsOf, leadsOf, type SimLead } from "../user/leads.ts"
import { User } from "../user/user.ts"
import { Disk } from "./disk.ts"
import { diskStorage, verifyDisk } from "./disk-storage.ts"
import { DurableState } from "./durable-state.ts"
import { Host } from "./host.ts"
import { MailServer } from "./mail-server.ts"
import { simulatedRenderer } from "./renderer.ts"
import { SharedStorage } from "./shared-storage.ts"
import { Story } from "./story.ts"
import { watchedStorage } from "./watched-storage.ts"

/** A promise that was broken. */
export interface Violation {
  readonly promise: string
  readonly evidence: string
}

/** A world of hosts, storages, a mail server and a user, in which everything follows from the seed. */
export class SimWorld {
  readonly time = new VirtualWorld()
  /** Epoch ms at the start, by true time. */
  readonly epoch: number
  readonly options: SimOptions
  readonly faults: Faults
  readonly story = new Story(() => this.now)
  readonly violations: Violation[] = []
  readonly durable = new DurableState(
    (id) => this.checks.onDurable(id),
    () => this.checks.onBatch(),
  )
  readonly acknowledged: Acknowledged
  readonly checks: Checks
  readonly server: MailServer
  readonly user: User
  readonly hosts: ReadonlyArray<Host>
  readonly leads: ReadonlyArray<SimLead>
  /** Whom nobody enrolls but triggers. */
  readonly guests: ReadonlyArray<SimLead>
  hasEnded = false
  /** By how much wall clocks were set back in all, ms. */
  clockSetBackMs = 0
  readonly #chance: Chance
  readonly #storageOf: (host: Host) => Storage
  readonly #disk: Disk | undefined
  readonly #verify: () => Promise<VerifyReport>
  #crashes = 0

  constructor(options: SimOptions, faults: Faults) {
    this.options = options
    this.epoch = options.epoch
    this.faults = faults
    this.#chance = Chance.of(options.seed)
    this.server = new MailServer(this, this.#chance.fork("mail server"), options.transport, options.routes)
    this.user = new User(this, options, this.#chance.fork("user"))
    this.leads = leadsOf(options.leads)
    const { trigger, timedMinutes } = options.sequence
    this.guests = guestsOf(trigger || timedMinutes !== null ? 2 : 0)
    this.acknowledged = new Acknowledged(this.durable, options.sequence)
    this.checks = new Checks(this)
    const names = options.storage === "shared" ? ["left", "right"] : ["host"]
    this.hosts = names.map((name) => new Host(this, name, this.#chance.fork(name)))
    const chance = this.#chance.fork("storage")
    const onDurable = this.durable.apply.bind(this.durable)
    if (options.storage === "shared") {
      const shared = new SharedStorage(this, chance, options.disk, onDurable)
      this.#disk = undefined
      this.#storageOf = (host) => shared.storage(host)
      this.#verify = () => shared.verify()
    } else {
      const disk = new Disk(onDurable)
      this.#disk = disk
      this.#storageOf = (host) => diskStorage(this, host, disk, options.disk, chance, options.storage === "sync")
      this.#verify = () => verifyDisk(disk)
    }
    this.time.onQuiet(() => {
      const [first] = this.violations
      if (first !== undefined) throw new Error(`${first.promise}: ${first.evidence}`)
    })
  }

  /** Milliseconds of true time since the start. */
  get now(): number {
    return this.time.timeline.now
  }

  get crashes(): number {
    return this.#crashes
  }

  violate(promise: string, evidence: string): void {
    this.story.tell(`VIOLATION: ${promise}: ${evidence}`)
    this.violations.push({ promise, evidence })
  }

  /** What a process on this host runs with. */
  runtimeOptions(host: Host): RuntimeOptions {
    const { limitPerMinute, transportPerMinute } = this.options
    const rate = (count: number | null) => (count === null ? {} : { "*": { count, per: "1 minute" } })
    return {
      storage: watchedStorage(this, this.#storageOf(host)),
      renderer: simulatedRenderer(this.faults, host),
      ...this.server.waysOut(host),
      limits: { domains: rate(limitPerMinute), transports: rate(transportPerMinute) },
    }
  }

  mayCrash(host: Host, where: string): boolean {
    return this.#crashes < this.options.crashes.most && this.faults.crashes(where, host.name)
  }

  /** A process on this host is gone. */
  onCrash(): void {
    this.#crashes += 1
    this.#disk?.crash(this.#chance.fork(`crash ${this.#crashes}`))
  }

  /** Notes what the user was promised, and checks what must be true from then on. */
  acknowledge(promise: "cancel" | "schedule" | "enroll" | "forget", id: string): void {
    if (promise === "forget") {
      for (const row of this.durable.rowsOf(id)) this.acknowledged.forgotten.add(row.id)
      return
    }
    if (promise === "cancel") {
      this.acknowledged.cancelled.add(id)
      if (this.server.copiesOf(id) > 0) this.violate("a cancel is answered honestly", `${id} was delivered`)
      return
    }
    const isThere =
      promise === "schedule"
        ? this.durable.row(id) !== undefined
        : this.durable.rowsOf(id).some(({ step }) => step === 0)
    if (!isThere) this.violate("what is acknowledged is durable", `${promise} of ${id} is not`)
    this.acknowledged[promise === "schedule" ? "scheduled" : "enrolled"].add(id)
  }

  /** Reads the whole store and checks its counters. */
  async verify(): Promise<void> {
    const { problems } = await this.#verify()
    for (const { key, problem } of problems) this.violate("the store is consistent", `${key}: ${problem}`)
  }
}
