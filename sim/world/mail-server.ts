import type { TransportRoute } from "../../src/index.ts"
import type { LookupResult, Message, SendContext, SendOutcome, Transport } from "../../src/sdk/index.ts"
import type { VirtualWorld } from "../../src/simulation/virtual-world.ts"
import type { Chance } from "../chance.ts"
import type { Fate, Faults } from "../faults/faults.ts"
import type { RouteOptions, SimOptions } from "../options.ts"
import { type Host, never } from "./host.ts"
import type { Story } from "./story.ts"

/** What the other side needs of its world. */
export interface MailWorld {
  readonly time: VirtualWorld
  readonly now: number
  readonly story: Story
  readonly faults: Pick<Faults, "fate">
  readonly checks: {
    readonly onCall: (host: Host, id: string, attempt: number, via: string | undefined) => void
    /** The mail that is given to a transport. */
    readonly onMessage: (id: string, message: Message) => void
    readonly onCopy: (id: string) => void
    readonly onAccepted: (host: Host, id: string, attempt: number) => void
  }
}

type Rejected = Extract<SendOutcome, { type: "rejected" }>

const rejected = (code: string, more: Partial<Rejected> = {}): Rejected => ({
  type: "rejected",
  scope: "recipient",
  retryable: true,
  code,
  ...more,
})

/** What the other side says before it could have the mail. */
const refusals: Readonly<Partial<Record<Fate, Rejected>>> = {
  busy: rejected("450"),
  busyWithWish: rejected("451", { retryAfterMs: 400_000 }),
  gone: rejected("550", { retryable: false }),
  hostDown: rejected("connection-refused", { scope: "host" }),
  hostRefuses: rejected("521", { scope: "host", retryable: false }),
  badConfig: rejected("535", { scope: "config", retryable: false }),
  configLater: rejected("454", { scope: "config" }),
  senderLater: rejected("421", { scope: "sender" }),
  senderRefused: rejected("550", { scope: "sender", retryable: false, enhancedCode: "5.7.1" }),
}

/** Whether the other side has the mail in the end. */
const isTaken = (fate: Fate | "accepted"): boolean =>
  ["accepted", "replyLost", "acceptsLate", "resolvesTwice", "hangsAfter", "throwsAfter", "answersNonsense"].includes(
    fate,
  )

/** A promise that calls back twice, as a careless plugin's own thenable may. */
const twice = <A>(first: Promise<A>): Promise<A> =>
  ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable of its own is what is simulated
    then: (resolve: (value: A) => void, reject: (cause: unknown) => void) => {
      first.then((value) => {
        resolve(value)
        resolve(value)
        reject(new Error("rejected after it was resolved"))
      }, reject)
    },
  }) as Promise<A>

const keyOf = (executionId: string, via: string | undefined): string => `${via ?? ""}/${executionId}`

/** The other side of all transports, with a ledger of its own: what it has is the truth. */
export class MailServer {
  readonly #world: MailWorld
  readonly #chance: Chance
  readonly #options: SimOptions["transport"]
  /** Copies by Message-ID, each with the instant when it came. */
  readonly #copies = new Map<string, Array<number>>()
  /** Mails that have left a process and have not come yet, with the transport that they left through. */
  readonly #underWay = new Set<string>()
  /** When a transport got to know a key first: none knows what another one does. */
  readonly #knownKeys = new Map<string, number>()
  readonly #routes: ReadonlyArray<RouteOptions>
  #awaited: Array<() => void> = []

  constructor(world: MailWorld, chance: Chance, options: SimOptions["transport"], routes: ReadonlyArray<RouteOptions>) {
    this.#world = world
    this.#chance = chance
    this.#options = options
    this.#routes = routes
  }

  /** How many copies of this execution's mail were delivered. */
  copiesOf(executionId: string): number {
    return this.#copies.get(executionId)?.length ?? 0
  }

  /** Whether the other side of this transport has it, or will: the truth, whatever anybody was told. */
  has(executionId: string, via: string | undefined): boolean {
    const key = keyOf(executionId, via)
    return this.#knownKeys.has(key) || this.#underWay.has(key)
  }

  /** Resolves when the next send begins. */
  nextCall(): Promise<void> {
    return new Promise((resolve) => this.#awaited.push(resolve))
  }

  get total(): number {
    return [...this.#copies.values()].reduce((sum, copies) => sum + copies.length, 0)
  }

  /** What one process sends through, as an option of its runtime. */
  waysOut(host: Host): { readonly transport: Transport } | { readonly transports: ReadonlyArray<TransportRoute> } {
    if (this.#routes.length === 0) return { transport: this.#transport(host, undefined) }
    return {
      transports: this.#routes.map((route) => ({
        name: route.name,
        weight: route.weight,
        transport: this.#transport(host, route),
      })),
    }
  }

  #transport(host: Host, route: RouteOptions | undefined): Transport {
    const { maxConcurrency, maxPerSecond, deadlineMs, signalsHandoff, idempotentMs, lookup } = this.#options
    return {
      name: "simulated",
      capabilities: {
        maxConcurrency,
        deadlineMs,
        signalsHandoff,
        ...(maxPerSecond === null ? {} : { maxPerSecond }),
        ...(idempotentMs === null ? {} : { idempotent: { ttlMs: idempotentMs } }),
      },
      send: (message, context) => this.#send(host, route, message, context),
      ...(lookup ? { lookup: ({ idempotencyKey }) => this.#lookup(host, route, idempotencyKey) } : {}),
    }
  }

  async #lookup(host: Host, route: RouteOptions | undefined, id: string): Promise<LookupResult> {
    await host.after(this.#chance.latencyMs(this.#options.latencyMs))
    const key = keyOf(id, route?.name)
    if (this.#knownKeys.has(key)) return { type: "accepted" }
    return { type: this.#underWay.has(key) ? "unknown" : "notFound" }
  }

  #isOut({ outage }: RouteOptions): boolean {
    const { now } = this.#world
    return outage !== null && now >= outage.fromMs && now < outage.fromMs + outage.forMs
  }

  #send(host: Host, route: RouteOptions | undefined, message: Message, context: SendContext): Promise<SendOutcome> {
    if (!host.isAlive) return never()
    this.#world.checks.onCall(host, context.idempotencyKey, context.attempt, route?.name)
    this.#world.checks.onMessage(context.idempotencyKey, message)
    const drawn = this.#world.faults.fate(message, context.attempt)
    const fate = route !== undefined && this.#isOut(route) ? "hostDown" : drawn
    const through = route === undefined ? "" : ` through ${route.name}`
    this.#world.story.tell(`${host.name} sends ${context.idempotencyKey} #${context.attempt}${through}: ${fate}`)
    for (const resolve of this.#awaited.splice(0)) resolve()
    if (fate === "throwsAtOnce") throw new Error("the transport throws at once")
    const talk = this.#talk(host, route, context, fate)
    return fate === "resolvesTwice" ? twice(talk) : talk
  }

  async #talk(
    host: Host,
    route: RouteOptions | undefined,
    context: SendContext,
    fate: Fate | "accepted",
  ): Promise<SendOutcome> {
    const { latencyMs, deadlineMs } = this.#options
    await host.after(this.#chance.latencyMs(latencyMs))
    await host.pass(`before the handoff of ${context.idempotencyKey}`)
    const refusal = refusals[fate as Fate]
    if (refusal !== undefined) return refusal
    if (fate === "throwsBefore") throw new Error("the transport throws before the handoff")
    if (fate === "hangsBefore") return never()
    context.handoff()
    // What the socket has is under way, whatever becomes of the process.
    if (isTaken(fate)) this.#deliver(context.idempotencyKey, route?.name, this.#chance.between(0, latencyMs))
    await host.pass(`after the handoff of ${context.idempotencyKey}`)
    if (fate === "answersNonsense") return { type: "perhaps" } as never
    if (fate === "throwsAfter") throw new Error("the transport throws after the handoff")
    if (fate === "hangsAfter") return never()
    if (fate === "endsAtAbort") {
      await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()))
      return { type: "unknown", stage: "data-sent", reason: "aborted" }
    }
    const isLate = fate === "acceptsLate" || fate === "refusesLate"
    await host.after(
      latencyMs + (isLate ? deadlineMs + this.#chance.between(500, 120_000) : this.#chance.latencyMs(latencyMs)),
    )
    if (fate === "replyLost" || fate === "mailLost") return { type: "unknown", stage: "data-sent" }
    if (fate === "refusedAfterData" || fate === "refusesLate")
      return rejected("554", { retryable: fate === "refusesLate" })
    this.#world.checks.onAccepted(host, context.idempotencyKey, context.attempt)
    return { type: "accepted", providerId: `p-${context.idempotencyKey}` }
  }

  #deliver(id: string, via: string | undefined, afterMs: number): void {
    const key = keyOf(id, via)
    this.#underWay.add(key)
    this.#world.time.timeline.set(this.#world.now + afterMs, () => {
      this.#underWay.delete(key)
      const { idempotentMs } = this.#options
      const first = this.#knownKeys.get(key)
      if (idempotentMs !== null && first !== undefined && this.#world.now - first < idempotentMs) return
      this.#knownKeys.set(key, this.#world.now)
      this.#copies.set(id, [...(this.#copies.get(id) ?? []), this.#world.now])
      this.#world.story.tell(`copy ${this.copiesOf(id)} of ${id} is delivered`)
      this.#world.checks.onCopy(id)
    })
  }
}
