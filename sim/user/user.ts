import type { Runtime } from "../../src/api/runtime-handle.ts"
import type { ExecutionRow } from "../../src/sdk/index.ts"
import type { Chance } from "../chance.ts"
import type { SimOptions } from "../options.ts"
import { type Host, Unanswered } from "../world/host.ts"
import type { Leads, SimWorld } from "../world/sim-world.ts"
import { campaignId, definitionOf } from "./campaign.ts"
import { wishes } from "./wishes.ts"

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error)

/** The person in front of it all: creates the campaign, enrolls leads, changes their mind, and remembers the answers. */
export class User {
  readonly world: SimWorld
  readonly options: SimOptions
  readonly chance: Chance
  /** Changes with each edit of the definition. */
  edition = 0
  readonly #vouched = new Set<string>()

  constructor(world: SimWorld, options: SimOptions, chance: Chance) {
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
  async ask<A>(what: string, question: (runtime: Runtime) => Promise<A>, host = this.#anyHost()): Promise<A | undefined> {
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
  async insist(what: string, question: (runtime: Runtime) => Promise<unknown>): Promise<void> {
    while (!this.isCancelled) {
      if ((await this.ask(what, async (runtime) => [await question(runtime)])) !== undefined) return
      await this.world.time.sleep(this.chance.between(1_000, 60_000))
    }
  }

  get isCancelled(): boolean {
    return this.world.durable.campaignState(campaignId) === "cancelled"
  }

  /** Creates the campaign and enrolls everybody, in a few goes that overlap. */
  async enrollAll(): Promise<void> {
    await this.create()
    const { leads } = this.world.leads
    let start = 0
    while (start < leads.length) {
      const batch = leads.slice(Math.max(0, start - this.chance.between(0, 2)), start + this.chance.between(1, leads.length))
      await this.insist(`enrolls ${batch.length}`, (runtime) => this.enroll(runtime, batch))
      start += batch.length
      if (this.chance.happens(0.5)) await this.world.time.sleep(this.chance.between(1_000, this.options.stormMs / 4))
    }
  }

  /** Enrolls leads, and holds the runtime to its answer. */
  async enroll(runtime: Runtime, batch: Leads["leads"]): Promise<unknown> {
    const { enrolled, duplicates } = await (await runtime.campaigns.get(campaignId)).enroll(batch)
    for (const { id } of batch) this.world.acknowledge("enroll", id)
    return { enrolled, duplicates }
  }

  /** Creates the campaign, or changes its definition to the newest edition. */
  async create(): Promise<void> {
    await this.insist("creates", async (runtime) => {
      await runtime.campaigns.create(definitionOf(this.options, this.edition), { update: true })
    })
  }

  /** What a person does in the end: goes on, closes the campaign, and settles what is in doubt by what was delivered. */
  async tidyUp(): Promise<void> {
    if (this.isCancelled) {
      await this.ask("cancels the rest", async (runtime) => (await runtime.campaigns.get(campaignId)).cancel())
      return
    }
    await this.ask("goes on", async (runtime) => {
      const campaign = await runtime.campaigns.get(campaignId)
      this.world.acknowledged.startResume()
      await campaign.resume()
      await campaign.close()
    })
    for (const { id, state } of this.world.durable.rows()) {
      if (state !== "sending.inDoubt") continue
      const verdict = this.world.server.copiesOf(id) > 0 ? "sent" : "notSent"
      await this.ask(`resolves ${id} as ${verdict}`, (runtime) => runtime.executions.resolve(id, verdict))
    }
  }

  /** Wishes of all kinds at times of their own. */
  async wishAll(): Promise<void> {
    const planned = Array.from({ length: this.options.userActions }, () => ({
      at: this.chance.between(1_000, this.options.stormMs),
      wish: this.chance.pick(wishes),
    }))
    await Promise.all(
      planned.map(async ({ at, wish }) => {
        await this.world.time.sleep(at)
        await wish(this)
      }),
    )
  }

  /** An execution that is there, if any is. */
  anyExecution(): ExecutionRow | undefined {
    const rows = this.world.durable.rows()
    return rows.length === 0 ? undefined : this.chance.pick(rows)
  }

  #anyHost(): Host {
    return this.chance.pick(this.world.hosts)
  }
}
