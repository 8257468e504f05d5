import type { ExecutionEvent, ExecutionRow } from "../../src/sdk/index.ts"
import type { SimOptions } from "../options.ts"
import { campaignId } from "../user/campaign.ts"
import { makeIsOpen, openMinutesOf } from "../user/hours.ts"
import { awaitedMail, enrollingTime, events, isForPro, stepsOf } from "../user/sequence.ts"
import type { DurableState } from "../world/durable-state.ts"
import { heedsSince, type Signals } from "./signals.ts"
import { flawOf, namesOf } from "./way-law.ts"

/** What is checked. */
export interface SequencedWorld {
  readonly epoch: number
  readonly durable: DurableState
  readonly acknowledged: { readonly signals: Signals; readonly guests: ReadonlyMap<string, number> }
  readonly leads: ReadonlyArray<{ readonly id: string; readonly data?: unknown }>
  readonly guests: ReadonlyArray<{ readonly id: string; readonly data?: unknown }>
  readonly user: { readonly edition: number }
  readonly options: SimOptions
  readonly violate: (promise: string, evidence: string) => void
}

const minute = 60_000

/** Steps of single mails begin here: they belong to no sequence. */
const singleMails = 1_000

/** How long a process may take from its last look at the hours to the call, milliseconds: the grace of a lease. */
const graceMs = 30_000

const hasEnded = ({ state }: ExecutionRow): boolean => state === "done" || state === "cancelled"

const wasReleased = (event: ExecutionEvent): boolean =>
  (event.type === "SCHEDULED" || event.type === "RESCHEDULE") &&
  event.reason?.code === "event" &&
  event.reason.text === events.opened

/** What sequences promise: who gets which mail, in which order, and when. */
export class SequenceChecks {
  readonly #world: SequencedWorld
  readonly #names: ReadonlyArray<string>
  readonly #enrollments = new Set<string>()
  readonly #isOpen: (at: number) => boolean

  constructor(world: SequencedWorld) {
    this.#world = world
    this.#names = namesOf(stepsOf(world.options, 0))
    this.#isOpen = makeIsOpen(world.options.timeZone, openMinutesOf(world.options))
  }

  /** The transport is called. */
  onCall(wallNow: number, { id, intent }: ExecutionRow): void {
    const { sequence, clock } = this.#world.options
    if (!sequence.hours || intent === null) return
    const isInTime = this.#isOpen(wallNow) || this.#isOpen(wallNow - graceMs) || clock.stepsPerHour > 0
    if (!this.#isOpen(intent.at) || !isInTime)
      this.#world.violate("no start outside the hours", `${id}: intent at ${intent.at}, called at ${wallNow}`)
  }

  /** An execution has changed for certain. */
  onDurable(row: ExecutionRow): void {
    if (row.step >= singleMails) return
    this.#checkEntry(row)
    const { rounds } = this.#world.options.sequence
    const { round, outcome, reason } = row.context
    if (rounds !== null && (round?.number ?? 0) >= rounds)
      this.#world.violate("no more rounds than the campaign says", `${row.id} is of round ${round?.number}`)
    const name = this.#names[row.step] ?? ""
    const isPro = this.#isPro(row.leadId)
    const isSent = row.state.startsWith("sending") || outcome === "sent"
    const isDenied = outcome === "skipped" && reason?.code === "condition"
    if (isForPro(name) && isSent && !isPro)
      this.#world.violate("a condition that is false skips its mail", `${row.id} is ${name}`)
    if ((name === "for-pro" || name === "do-first") && isDenied && isPro)
      this.#world.violate("a condition that is true lets its mail go", `${row.id} is ${name}`)
    const asked = name === "for-openers" ? events.opened : name === "do-clicked" ? events.clicked : undefined
    if (asked !== undefined && isSent && this.#world.acknowledged.signals.told(row.leadId, asked).length === 0)
      this.#world.violate("a condition that is false skips its mail", `${row.id} is ${name}, nobody said ${asked}`)
  }

  /** Time enough has passed since. */
  onEnd(): void {
    const ways = new Map<string, ExecutionRow[]>()
    for (const row of this.#world.durable.rows()) {
      if (row.step >= singleMails) continue
      const key = `${row.enrollmentId} ${row.context.round?.startedAt ?? ""}`
      ways.set(key, [...(ways.get(key) ?? []), row])
    }
    for (const rows of ways.values()) this.#checkWay(rows.sort((left, right) => left.step - right.step))
    this.#checkGuests()
  }

  /** The last mail was taken away from those who were under way. */
  get #wasShortened(): boolean {
    return this.#world.options.sequence.updateRunning && this.#world.user.edition >= 2
  }

  #isPro(leadId: string): boolean {
    const lead = [...this.#world.leads, ...this.#world.guests].find(({ id }) => id === leadId)
    return (lead?.data as { readonly plan?: string } | undefined)?.plan === "pro"
  }

  #checkEntry(row: ExecutionRow): void {
    if (this.#enrollments.has(row.enrollmentId)) return
    this.#enrollments.add(row.enrollmentId)
    const { durable } = this.#world
    const before = durable
      .rows()
      .find(
        (one) =>
          one.leadId === row.leadId &&
          one.enrollmentId !== row.enrollmentId &&
          one.step < singleMails &&
          !hasEnded(one),
      )
    // What failed and is run again brings its enrollment back to life, or runs beside what followed it.
    const isRerun = (one: ExecutionRow): boolean =>
      one.context.round?.isRerun === true || durable.history(one.id).some(({ type }) => type === "REDRIVE")
    if (before !== undefined && !isRerun(before))
      this.#world.violate(
        "a lead comes again when it has ended",
        `${row.id} came while ${before.id} is ${before.state}`,
      )
  }

  #checkWay(rows: ReadonlyArray<ExecutionRow>): void {
    const { options, acknowledged } = this.#world
    const [first] = rows
    if (first === undefined) return
    const mayEndEarly =
      this.#wasShortened ||
      [events.exit, events.goal].some((event) =>
        acknowledged.signals.told(first.leadId, event).some(({ at }) => at >= heedsSince(first)),
      )
    const mails = rows.map(({ step, context: { outcome, reason } }) => ({
      name: this.#names[step] ?? String(step),
      outcome,
      code: reason?.code,
    }))
    const flaw = flawOf(stepsOf(options, 0), mails, mayEndEarly)
    if (flaw !== undefined) this.#world.violate("the next step follows", `${first.enrollmentId}: ${flaw}`)
    for (const [index, row] of rows.entries())
      if (this.#names[row.step] === awaitedMail) this.#checkWait(row, rows[index - 1])
  }

  #checkWait(row: ExecutionRow, before: ExecutionRow | undefined): void {
    const { epoch, durable, acknowledged, options } = this.#world
    const history = durable.history(row.id)
    const start = history.find(({ type }) => type === "DUE")?.at
    if (start === undefined || before === undefined || options.clock.stepsPerHour > 0 || this.#wasShortened) return
    // A process that stands still tells what it knows when it goes on.
    const isFrozen = options.clock.freezesPerHour > 0 || options.freezes.perAwait > 0
    const allowedMs = (isFrozen ? 15 : 2) * minute
    const heard = acknowledged.signals
      .told(row.leadId, events.opened)
      .find(
        ({ at, ackedAt }) =>
          ackedAt !== undefined &&
          at >= Math.max(before.createdAt, heedsSince(row)) &&
          epoch + ackedAt < start - allowedMs,
      )
    if (heard !== undefined && !history.some(wasReleased))
      this.#world.violate("a signalled wait is over", `${row.id} heard ${heard.id}, and began at ${start}`)
  }

  // They come by triggers alone, by each event once, and by the time that is told once.
  #checkGuests(): void {
    const { guests, durable, acknowledged, options } = this.#world
    const isTimed = options.sequence.timedMinutes !== null
    for (const { id } of guests) {
      const rows = durable.rows().filter(({ leadId, step }) => leadId === id && step < singleMails)
      const entries = new Set(rows.map(({ enrollmentId }) => enrollmentId)).size
      const told = acknowledged.signals.told(id, events.trigger).length + (isTimed ? 1 : 0)
      if (entries > told)
        this.#world.violate("a trigger has an effect once", `${id} came ${entries} times by ${told} triggers`)
      if (entries === 0 && this.#isCalledByTime(id))
        this.#world.violate("a trigger by time is not forgotten", `${id} never came`)
    }
  }

  // Steps of the clock may leave the time out, or have it pass before anybody is known.
  #isCalledByTime(guest: string): boolean {
    const { options, acknowledged, durable, epoch } = this.#world
    const { timedMinutes } = options.sequence
    if (timedMinutes === null || options.clock.stepsPerHour > 0) return false
    const knownAt = acknowledged.guests.get(guest)
    const isKnown = knownAt !== undefined && epoch + knownAt < enrollingTime(options, timedMinutes).at
    return isKnown && durable.campaignState(campaignId) !== "cancelled"
  }
}
