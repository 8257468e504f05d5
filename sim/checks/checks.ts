import { largestMailBytes } from "../../src/actors/execution/mail-size.ts"
import { replayExecution } from "../../src/machines/index.ts"
import type { ExecutionRow, Message } from "../../src/sdk/index.ts"
import type { VirtualWorld } from "../../src/simulation/virtual-world.ts"
import type { DurableState } from "../world/durable-state.ts"
import type { Host } from "../world/host.ts"
import type { Story } from "../world/story.ts"
import type { Acknowledged } from "./acknowledged.ts"
import { counterFlaw } from "./conservation.ts"
import { LimitChecks, type LimitedWorld } from "./limit-checks.ts"
import { readAttempts, type Start } from "./retry-law.ts"
import { SequenceChecks, type SequencedWorld } from "./sequence-checks.ts"

/** What is checked. */
export interface CheckedWorld extends SequencedWorld, LimitedWorld {
  readonly options: SequencedWorld["options"]
  readonly time: VirtualWorld
  readonly story: Story
  readonly durable: DurableState
  readonly acknowledged: Acknowledged
  readonly server: {
    readonly copiesOf: (id: string) => number
    readonly has: (id: string, via: string | undefined) => boolean
  }
  readonly user: { readonly edition: number; readonly vouchedFor: (id: string) => boolean }
  readonly hosts: ReadonlyArray<Host>
  readonly clockSetBackMs: number
  readonly violate: (promise: string, evidence: string) => void
}

/** Within which time an outcome that is known must have been stored, milliseconds. */
const memoryMs = 15 * 60_000

/** How late an attempt may start once nothing goes wrong any more, milliseconds. */
const punctualityMs = 20 * 60_000

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

/** The promises, checked after every event against the other side's own ledger and what is durable. */
export class Checks {
  readonly #world: CheckedWorld
  readonly #sequence: SequenceChecks
  readonly #limits: LimitChecks
  /** The latest attempt of each execution for which the transport was called. */
  readonly #called = new Map<string, number>()
  readonly #startsInStorm = new Map<string, number>()
  /** Epoch ms of the wall clock. */
  #calmSince = 0

  constructor(world: CheckedWorld) {
    this.#world = world
    this.#sequence = new SequenceChecks(world)
    this.#limits = new LimitChecks(world)
  }

  /** The transport is called; `via`: which of several. */
  onCall(host: Host, id: string, attempt: number, via: string | undefined): void {
    const { durable, acknowledged } = this.#world
    const row = durable.row(id)
    if (row?.state !== "sending.attempting" || row.context.attempt !== attempt)
      this.#world.violate(
        "no call without a durable intent of its own",
        `${host.name} calls for ${id} #${attempt}, which is ${row?.state} #${row?.context.attempt}`,
      )
    if (this.#called.get(id) === attempt)
      this.#world.violate("one call for each intent", `${host.name} calls again for ${id} #${attempt}`)
    this.#called.set(id, attempt)
    if (row !== undefined) this.#sequence.onCall(host.wallNow, row)
    if (row !== undefined && row.intent !== null) this.#limits.onCall(row.intent.at, via)
    if (via !== undefined) this.#checkRoute(host, id, attempt, via)
    if (acknowledged.cancelled.has(id))
      this.#world.violate("no send after an acknowledged cancel", `${host.name} calls for ${id} #${attempt}`)
  }

  /** A transport is given this mail. */
  onMessage(id: string, { html }: Message): void {
    if ((html?.length ?? 0) >= largestMailBytes)
      this.#world.violate("no transport is given a giant", `the mail of ${id} has ${html?.length} characters`)
  }

  /** Something has changed for certain. */
  onBatch(): void {
    const { durable } = this.#world
    for (const [campaignId, counters] of durable.counters()) {
      const flaw = counterFlaw(
        counters,
        durable.rows().filter((row) => row.campaignId === campaignId),
      )
      if (flaw !== undefined) this.#world.violate("the counters are the rows", `${campaignId}: ${flaw}`)
    }
  }

  /** A process hears that its mail was accepted: it may not forget that as long as it lives. */
  onAccepted(host: Host, id: string, attempt: number): void {
    const { lives } = host
    this.#world.time.timeline.set(this.#world.time.timeline.now + memoryMs, () => {
      if (!host.isAlive || host.lives !== lives) return
      const isKept = this.#world.durable
        .history(id)
        .some((event) => event.type === "ACCEPTED" || (event.type === "LATE_RECEIPT" && event.attempt === attempt))
      if (!isKept) this.#world.violate("a known outcome is not dropped", `${id} #${attempt} was accepted`)
    })
  }

  /** The other side has one more copy. */
  onCopy(id: string): void {
    const { acknowledged, durable } = this.#world
    if (acknowledged.cancelled.has(id))
      this.#world.violate("no send after an acknowledged cancel", `a copy of ${id} is delivered`)
    const row = durable.row(id)
    if (row !== undefined) this.#checkCopies(row)
  }

  /** An execution has changed for certain. */
  onDurable(id: string): void {
    const row = this.#world.durable.row(id)
    if (row === undefined) return
    const history = this.#world.durable.history(id)
    this.#world.story.tell(`${id} is ${row.state} v${row.version} after ${history.at(-1)?.type}`)
    const { retry, timeScale, round, enrolledAt, occasion, toldBefore, awaitsSince } = row.context
    const unheard = {
      ...(occasion === undefined ? {} : { occasion }),
      ...(toldBefore === undefined ? {} : { toldBefore }),
    }
    const replayed = replayExecution({ id, retry, timeScale, round, enrolledAt, unheard, awaitsSince }, history)
    if (replayed.state !== row.state || !isSame(replayed.context, row.context))
      this.#world.violate(
        "the replay of the history is the row",
        `${id}: ${JSON.stringify(replayed)} is not ${JSON.stringify({ state: row.state, context: row.context })}`,
      )
    this.#checkCopies(row)
    this.#checkLaw(row)
    this.#sequence.onDurable(row)
  }

  /** Nothing goes wrong from now on: attempts that start must start in time. */
  startCalm(): void {
    this.#calmSince = Math.max(...this.#world.hosts.map((host) => host.wallNow))
    for (const { id } of this.#world.durable.rows()) this.#startsInStorm.set(id, this.#startsOf(id).length)
  }

  /** Time enough has passed since. */
  onEnd(): void {
    const { durable, acknowledged } = this.#world
    const rows = durable.rows()
    for (const leadId of acknowledged.enrolled)
      if (!durable.rowsOf(leadId).some(({ step }) => step === 0))
        this.#world.violate("what was enrolled is not lost", `${leadId} has no execution`)
    for (const id of acknowledged.scheduled)
      if (durable.row(id) === undefined) this.#world.violate("what was scheduled is not lost", `${id} is gone`)
    for (const row of rows) {
      if (row.state !== "done" && row.state !== "cancelled")
        this.#world.violate("everything ends once faults stop", `${row.id} is ${row.state}, due ${row.dueAt}`)
      for (const { at, notBefore } of this.#startsOf(row.id).slice(this.#startsInStorm.get(row.id) ?? 0))
        if (notBefore > 0 && at - Math.max(notBefore, this.#calmSince) > punctualityMs)
          this.#world.violate("attempts start in time", `${row.id} was due ${notBefore}, began ${at}`)
    }
    this.#sequence.onEnd()
    this.#limits.onEnd()
  }

  #startsOf(id: string): ReadonlyArray<Start> {
    const row = this.#world.durable.row(id)
    return row === undefined ? [] : readAttempts(row.context.retry, this.#world.durable.history(id), false).starts
  }

  /** What one transport has, by the other side's ledger, or may have, by the history, is no other one's. */
  #checkRoute(host: Host, id: string, attempt: number, via: string): void {
    const { options, server, durable } = this.#world
    const holder = options.routes.find(({ name }) => name !== via && server.has(id, name))
    let begun = 0
    let latest: string | undefined
    const ways = new Map<number, string | undefined>()
    for (const event of durable.history(id)) {
      if (event.type === "DUE" || event.type === "RETRY_DUE") begun += 1
      if (event.type === "RENDERED") {
        latest = event.via
        ways.set(begun, event.via)
      }
    }
    if (latest !== via)
      this.#world.violate("the intent names the transport", `${id} #${attempt}: ${latest}, and ${via} is called`)
    const doubtful = (durable.row(id)?.context.unknownAttempts ?? []).find((unknown) => ways.get(unknown) !== via)
    if (holder !== undefined || doubtful !== undefined)
      this.#world.violate(
        "what one transport may have goes through no other",
        `${host.name} calls ${via} for ${id} #${attempt}; ${holder?.name ?? ways.get(doubtful ?? 0)} may have it`,
      )
  }

  #checkCopies(row: ExecutionRow): void {
    const { id, context, state } = row
    const copies = this.#world.server.copiesOf(id)
    if (copies - 1 > context.doubts)
      this.#world.violate("copies - 1 are reported in doubt", `${id}: ${copies} copies, ${context.doubts} doubts`)
    if (context.unknownAttempts.length > context.doubts)
      this.#world.violate("doubts are counted", `${id}: ${context.unknownAttempts.length} of ${context.doubts}`)
    const hasEnded = state === "done" || state === "cancelled"
    if (hasEnded && context.delivery === null && copies > 0)
      this.#world.violate(
        "an end without delivery has no copy",
        `${id} is ${context.outcome ?? state}: ${copies} copies`,
      )
    if (hasEnded && context.delivery === "confirmed" && copies === 0 && !this.#world.user.vouchedFor(id))
      this.#world.violate("a confirmed delivery has a copy", `${id} has none`)
  }

  #checkLaw(row: ExecutionRow): void {
    const hasFailed = row.state === "done" && row.context.outcome === "failed"
    const { starts, mostUsed, gaveUpEarly } = readAttempts(
      row.context.retry,
      this.#world.durable.history(row.id),
      hasFailed,
    )
    if (mostUsed > row.context.retry.attempts)
      this.#world.violate("no more attempts than the policy says", `${row.id}: ${mostUsed}`)
    if (gaveUpEarly) this.#world.violate("no attempt is left out", `${row.id} failed with attempts left`)
    for (const { at, notBefore } of starts)
      if (at < notBefore - this.#world.clockSetBackMs)
        this.#world.violate("no attempt starts too early", `${row.id} was due ${notBefore}, began ${at}`)
  }
}
