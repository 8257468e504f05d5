import type { Runtime } from "../../src/index.ts"
import type { ExecutionRow } from "../../src/sdk/index.ts"
import { isConserved } from "../../src/sdk/index.ts"
import type { VirtualWorld } from "../../src/simulation/virtual-world.ts"
import type { Chance } from "../chance.ts"
import type { Acknowledged } from "../checks/acknowledged.ts"
import type { SimOptions } from "../options.ts"
import type { DurableState } from "../world/durable-state.ts"
import { type Host, Unanswered } from "../world/host.ts"
import type { Story } from "../world/story.ts"
import { campaignId, definitionOf } from "./campaign.ts"
import type { SimLead } from "./leads.ts"

/** What the user sees of the world. */
export interface UserWorld {
  readonly time: VirtualWorld
  /** Milliseconds of true time since the start. */
  readonly now: number
  /** Processes that died so far. */
  readonly crashes: number
  readonly story: Story
  readonly hosts: ReadonlyArray<Host>
  readonly durable: DurableState
  readonly acknowledged: Acknowledged
  readonly server: { readonly copiesOf: (id: string) => number; readonly nextCall: () => Promise<void> }
  readonly leads: ReadonlyArray<SimLead>
  readonly guests: ReadonlyArray<SimLead>
  readonly acknowledge: (promise: "cancel" | "schedule" | "enroll" | "forget", id: string) => void
  readonly violate: (promise: string, evidence: string) => void
}

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error)

/** The person in front of it all: creates the campaign, enrolls leads, changes their mind, and remembers the answers. */
export class User {
  readonly world: UserWorld
  readonly options: SimOptions
  readonly chance: Chance
  /** Changes with each edit of the definition. */
  edition = 0
  readonly #vouched = new Set<string>()

  constructor(world: UserWorld, options: SimOptions, chance: Chance) {
    this.world = world
    this.options = options
    this.chance = chance
  }

  /** Whether the user said that this mail was delivered. */
  vouchedFor(id: string): boolean {
    return this.#vouched.has(id)
  }

  vouch(id: string): void {
    this.#vouched.add(id)
  }

  /** Asks one of the hosts; `undefined` when it refused, failed or died first. */
  async ask<A>(
    what: string,
    question: (runtime: Runtime) => Promise<A>,
    host = this.anyHost(),
  ): Promise<A | undefined> {
    try {
      const answer = await host.ask(question)
      this.world.story.tell(`user: ${what} -> ${JSON.stringify(answer) ?? "done"}`)
      return answer
    } catch (error) {
      const told = error instanceof Unanswered ? "no answer" : codeOf(error)
      this.world.story.tell(`user: ${what} -> ${told}`)
      return undefined
    }
  }

  /** Asks until it is granted, or the campaign is cancelled. */
  async insist(what: string, question: (runtime: Runtime) => Promise<unknown>, host?: Host): Promise<void> {
    while (!this.isCancelled) {
      if ((await this.ask(what, async (runtime) => [await question(runtime)], host)) !== undefined) return
      await this.world.time.sleep(this.chance.between(1_000, 60_000))
    }
  }

  get isCancelled(): boolean {
    return this.world.durable.campaignState(campaignId) === "cancelled"
  }

  /** Creates the campaign and enrolls everybody, in a few goes that overlap. */
  async enrollAll(): Promise<void> {
    await this.create()
    const { leads, guests } = this.world
    for (const guest of guests) {
      await this.insist(`knows ${guest.id}`, (runtime) => runtime.leads.put(guest))
      if (!this.isCancelled) this.world.acknowledged.guests.set(guest.id, this.world.now)
    }
    let start = 0
    while (start < leads.length) {
      const batch = leads.slice(
        Math.max(0, start - this.chance.between(0, 2)),
        start + this.chance.between(1, leads.length),
      )
      await this.insist(`enrolls ${batch.length}`, (runtime) => this.enroll(runtime, batch))
      start += batch.length
      if (this.chance.happens(0.5)) await this.world.time.sleep(this.chance.between(1_000, this.options.stormMs / 4))
    }
  }

  /** Enrolls leads, and holds the runtime to its answer. */
  async enroll(runtime: Runtime, batch: ReadonlyArray<SimLead>): Promise<unknown> {
    const { enrolled, duplicates } = await (await runtime.campaigns.get(campaignId)).enroll(batch)
    for (const { id } of batch) this.world.acknowledge("enroll", id)
    return { enrolled, duplicates }
  }

  /** Creates the campaign, or changes its definition to the newest edition. */
  async create(): Promise<void> {
    await this.insist("creates", async (runtime) => {
      await runtime.campaigns.create(definitionOf(this.options, this.edition), {
        update: this.options.sequence.updateRunning ? "running" : true,
      })
    })
  }

  /** What a person does in the end: goes on, closes the campaign, and settles what is in doubt by what was delivered. */
  async tidyUp(): Promise<void> {
    if (this.isCancelled) {
      await this.ask("cancels the rest", async (runtime) => (await runtime.campaigns.get(campaignId)).cancel())
      return
    }
    // Each of them: a process may not know yet what another one did.
    for (const host of this.world.hosts)
      await this.insist(
        "goes on",
        async (runtime) => {
          const campaign = await runtime.campaigns.get(campaignId)
          this.world.acknowledged.pause.lift()
          await campaign.resume()
          await campaign.close()
        },
        host,
      )
    for (const { id, state } of this.world.durable.rows()) {
      if (state !== "sending.inDoubt") continue
      const verdict = this.world.server.copiesOf(id) > 0 ? "sent" : "notSent"
      await this.ask(`resolves ${id} as ${verdict}`, (runtime) => runtime.executions.resolve(id, verdict))
    }
  }

  /** Wishes of all kinds at times of their own. */
  async wishAll(wishes: ReadonlyArray<(user: User) => Promise<void>>): Promise<void> {
    const { time, server } = this.world
    const planned = Array.from({ length: this.options.userActions }, () => {
      const at = this.chance.between(1_000, this.options.stormMs)
      // When much happens at once, most can go wrong: half of the wishes wait for a send, up to so many milliseconds.
      const waitMs = this.chance.happens(0.5) ? this.chance.between(0, this.options.stormMs - at) : 0
      return { at, waitMs, wish: this.chance.pick(wishes) }
    })
    await Promise.all(
      planned.map(async ({ at, wish, waitMs }) => {
        await time.sleep(at)
        if (waitMs > 0) await Promise.race([server.nextCall(), time.sleep(waitMs)])
        await wish(this)
      }),
    )
  }

  /** Looks at the counts: the law must hold whenever somebody looks. */
  async look(): Promise<void> {
    const counts = await this.ask("looks", async (runtime) => (await runtime.campaigns.get(campaignId)).stats())
    if (counts !== undefined && !isConserved(counts))
      this.world.violate("the counts are conserved", JSON.stringify(counts))
  }

  /** An execution that is there, if any is; mostly one that has not ended. */
  anyExecution(): ExecutionRow | undefined {
    const rows = this.world.durable.rows()
    const open = rows.filter(({ state }) => state !== "done" && state !== "cancelled")
    const choice = open.length > 0 && this.chance.happens(0.7) ? open : rows
    return choice.length === 0 ? undefined : this.chance.pick(choice)
  }

  anyHost(): Host {
    return this.chance.pick(this.world.hosts)
  }
}
