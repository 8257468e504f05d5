import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Scope } from "effect/Scope"
import type { CampaignEvent } from "../../machines/index.ts"
import {
  Conflict,
  type Counts,
  type EnrollItem,
  type ExecutionRow,
  type Flag,
  type Lead,
  type NotFound,
  openBuckets,
  type StorageError,
  withoutAddresses,
} from "../../sdk/index.ts"
import type { LeadEvent } from "../events/lead-events.ts"
import type { CampaignOfExecution, ProcessServices, SignalAnswer } from "../execution/dependencies.ts"
import { runExecution } from "../execution/execution-actor.ts"
import type { Progress } from "../execution/progress.ts"
import { signalExecution } from "../execution/signal.ts"
import { signalFree, type Wish } from "../execution/signal-free.ts"
import { Synchronous } from "../synchronous.ts"
import { type Definition, type LoadedDefinition, loadDefinition } from "./definition.ts"
import { type Entrant, firstEntry, nameEntries } from "./entries.ts"
import { makeMailbox } from "./mailbox.ts"
import { newEnrollment, type Plan, planFirst, planMail, type SingleMail } from "./planner.ts"
import { makePump, type Pump } from "./pump.ts"
import { noteSuppressed, recipientsOf } from "./recipient.ts"
import { afterEvent, type CampaignRecord, followed, readRecord, saveRecord, withDefinition } from "./record.ts"
import { makeSuccession } from "./succession.ts"
import { makeSupervision } from "./supervision.ts"
import { sweepCancelled } from "./sweep.ts"
import { readUnheard } from "./told-before.ts"

/** What a campaign may fail with. */
export type CampaignError = StorageError | NotFound | Conflict

/** A lead to enroll, checked. */
export interface EnrollRequest extends Entrant {
  readonly lead: Lead
  /** Tells re-entries apart; default: as the campaign's re-entry, `key` and `again` say. */
  readonly entry?: string
  /** The event that lets it in. */
  readonly occasion?: LeadEvent
  /** Epoch ms; default: as the first step says. */
  readonly at?: number
  /** A mail of its own instead of the campaign's first step. */
  readonly mail?: SingleMail
}

/** One campaign at work: a fiber with a mailbox, a pump, and the executions that it brought to life. */
export interface CampaignActor {
  readonly id: string
  readonly record: () => CampaignRecord
  /** Stores a batch of leads; durable on return. What triggers let in comes into a closed campaign too. */
  readonly enroll: (
    batch: ReadonlyArray<EnrollRequest>,
    by?: "caller" | "trigger",
  ) => Effect.Effect<ReadonlyArray<"created" | "duplicate">, CampaignError>
  /** Sends the campaign's machine an event; `false` where it has no transition for it. */
  readonly tell: (event: CampaignEvent) => Effect.Effect<boolean, CampaignError>
  /** Cancels the campaign and every execution that has not ended. Nothing is sent once it answers. */
  readonly cancel: Effect.Effect<boolean, CampaignError>
  /** Takes in what another process has stored about the campaign. */
  readonly refresh: (stored: CampaignRecord) => Effect.Effect<void>
  /** Whether leads that are under way follow another definition than new ones. */
  readonly isBehind: () => boolean
  /** Lets new enrollments follow another definition, or all that is not sent yet. */
  readonly follow: (definition: string, who: "new" | "all") => Effect.Effect<void, CampaignError>
  readonly signal: (id: string, flagFor: (row: ExecutionRow) => Flag) => Effect.Effect<SignalAnswer, CampaignError>
  /** Wishes about many that nobody works on, in one durable write; answers which were granted. */
  readonly signalMany: (wishes: ReadonlyArray<Wish>) => Effect.Effect<ReadonlyArray<Progress | undefined>, StorageError>
  readonly counts: Effect.Effect<Counts, StorageError>
  /** What new enrollments follow. */
  readonly loaded: Effect.Effect<LoadedDefinition, StorageError | NotFound>
  /** What an execution follows. */
  readonly definitionOf: CampaignOfExecution["definition"]
  readonly pump: Pump
}

export interface CampaignActorOptions {
  readonly record: CampaignRecord
  /** Name of this process in leases. */
  readonly owner: string
  readonly maxLive: number
  /** Claims nothing. */
  readonly passive: boolean
}

const hasOpenMail = (counts: Counts): boolean => openBuckets.some((bucket) => counts[bucket] > 0)

const nothingToSend = (id: string, { steps }: Definition): Conflict =>
  new Conflict({
    code: steps.length === 0 ? "campaign-without-steps" : "campaign-over",
    retryable: false,
    differences: [],
    message:
      steps.length === 0
        ? `The campaign "${id}" has no step to enroll leads into. Give it steps, or schedule single mails.`
        : `The last round of the campaign "${id}" has begun: see \`repeat.until\` in its definition. Update it, or create another campaign.`,
  })

/** Brings a stored campaign to life for as long as the scope lives. */
export const makeCampaignActor = (
  services: ProcessServices,
  options: CampaignActorOptions,
): Effect.Effect<CampaignActor, never, Scope> =>
  Effect.gen(function* () {
    const { store, clock, bus } = services
    const { id } = options.record
    const supervision = makeSupervision(clock)
    const mailbox = yield* makeMailbox
    let record = options.record
    // Leads that came to the completed campaign made it run again: more may come until it is closed once more.
    let reopened = false
    const definitions = new Map<string, LoadedDefinition>()

    const load = (hash: string): Effect.Effect<LoadedDefinition, StorageError | NotFound> => {
      const known = definitions.get(hash)
      return known === undefined
        ? Effect.tap(loadDefinition(store, hash), (loaded) => Effect.sync(() => definitions.set(hash, loaded)))
        : Effect.succeed(known)
    }
    const definition: CampaignOfExecution["definition"] = (row) =>
      load(
        row.context.unknownAttempts.length > 0
          ? (row.context.renderedWith ?? row.definition)
          : followed(record, row.definition),
      )
    const plan: Effect.Effect<Plan, StorageError | NotFound> = Effect.suspend(() =>
      Effect.map(load(record.definition), (loaded) => ({ campaignId: id, loaded, clock: record.clock })),
    )

    // What was not stored is forgotten: the storage says where the campaign stands, and the next try starts from there.
    const save = (next: CampaignRecord): Effect.Effect<void, StorageError | Conflict> =>
      Effect.gen(function* () {
        const saved = yield* Effect.exit(saveRecord(store, next))
        if (Exit.isSuccess(saved)) record = saved.value
        else record = (yield* Effect.orElseSucceed(readRecord(store, id), () => undefined)) ?? record
        yield* saved
      })

    const publishState = (): void => {
      const { state, context } = record.rest
      bus.publish({
        type: "campaign",
        at: clock.currentTimeMillisUnsafe(),
        campaignId: id,
        state,
        cause: context.cause,
      })
    }

    const tryTransition = (event: CampaignEvent): Effect.Effect<boolean, StorageError | Conflict> =>
      Effect.gen(function* () {
        const after = afterEvent(record, event)
        if (after === undefined) return false
        const changed = after.rest.state !== record.rest.state
        yield* save(after)
        if (changed) publishState()
        pump.wake()
        return true
      })

    // Another process was first: the event is put to the campaign as it is now.
    const transition = (event: CampaignEvent): Effect.Effect<boolean, StorageError | Conflict> =>
      Effect.retry(tryTransition(event), { times: 5, while: (error) => error._tag === "Conflict" })

    const counts = store.use((driver) => driver.counts(id))

    // A mail that was run again may outlive its enrollment, which a later round has ended.
    const hasWork = (now: Counts): boolean => now.enrollments.active > 0 || hasOpenMail(now)

    // Completed means every enrollment and every mail has ended; what is held in doubt blocks it. In the mailbox, so that nothing is
    // enrolled or revived between the look and the end.
    const completeIfEnded = Effect.gen(function* () {
      if (record.rest.state !== "running" || !record.rest.context.closed) return
      const now = yield* counts
      if (hasWork(now) || now.enrollments.finished + now.enrollments.ended === 0) return
      yield* transition({ type: "ALL_ENDED" })
    })

    // A completed campaign has nothing to do. When it has, the leads or the redrive that gave it work were stored, and
    // what should have followed was not.
    const reviveIfActive = Effect.gen(function* () {
      if (record.rest.state !== "completed") return
      if (hasWork(yield* counts)) yield* transition({ type: "REDRIVE" })
    })

    // What was planned by a send that ended while the campaign was cancelled, or what an interrupted sweep left.
    const sweepLeft = Effect.gen(function* () {
      if (record.rest.state !== "cancelled") return
      if (hasOpenMail(yield* counts)) yield* sweep
    })

    const onQuiet = mailbox.ask(Effect.andThen(reviveIfActive, completeIfEnded)).pipe(
      Effect.catchTag("Conflict", () => Effect.void),
      Effect.andThen(
        Effect.catchTag(sweepLeft, "NotFound", (error) => Effect.sync(() => services.problems.report(error.message))),
      ),
    )

    const onDefect = (executionId: string, defect: unknown): Effect.Effect<"restart" | "fail"> => {
      const verdict = supervision.onDefect(executionId)
      if (verdict !== "degrade") return Effect.succeed(verdict)
      const text = defect instanceof Error ? defect.message : String(defect)
      return Effect.as(Effect.ignore(degrade(`too many defects, the latest: ${withoutAddresses(text)}`)), "restart")
    }

    const degrade = (cause: string): Effect.Effect<void, StorageError> =>
      mailbox.ask(transition({ type: "DEGRADE", cause })).pipe(
        Effect.asVoid,
        Effect.catchTag("Conflict", () => Effect.void),
      )

    const sweep = Effect.suspend(() => sweepCancelled(services, campaign, id))

    const onStorageError = (error: StorageError): Effect.Effect<void> => {
      pump.backOff()
      return error.code === "full" || error.code === "corrupt"
        ? Effect.ignore(degrade(error.message))
        : Effect.sync(() => services.problems.report(`campaign ${id}: ${error.message}`))
    }

    const heard = Effect.gen(function* () {
      // Should it fail, the pump's next quiet turn does it.
      if (record.rest.context.closed) yield* Effect.ignore(mailbox.ask(reviveIfActive))
      pump.wake()
    })

    const signal: CampaignOfExecution["signal"] = (executionId, flagFor) =>
      Effect.tap(signalExecution(services, campaign, executionId, flagFor), () => heard)

    const signalMany: CampaignActor["signalMany"] = (wishes) =>
      Effect.tap(signalFree(services, wishes, clock.currentTimeMillisUnsafe()), () => heard)

    const campaign: CampaignOfExecution = {
      definition,
      signal,
      onStorageError,
      onUnknown: () => definitions.get(record.definition)?.definition.onUnknown ?? "hold",
      time: () => record.clock,
      ...makeSuccession({
        services,
        campaignId: id,
        clock: () => record.clock,
        definition,
        release: (executionId, event) =>
          signal(executionId, () => {
            const at = clock.currentTimeMillisUnsafe()
            return { type: "RESCHEDULE", at, dueAt: at, reason: { code: "event", text: event } }
          }),
      }),
      degrade,
      onDefect,
    }

    const pump: Pump = makePump(services, {
      campaignId: id,
      owner: options.owner,
      maxLive: options.maxLive,
      onStorageError,
      onQuiet,
      recipients: (rows) => recipientsOf(services, definition, rows),
      run: (row, recipient) =>
        runExecution(services, campaign, row, recipient).pipe(
          Effect.catchTag("StorageError", onStorageError),
          Effect.catchTag("NotFound", (error) => Effect.ignore(campaign.degrade(error.message))),
          Effect.catchCause((cause) =>
            Cause.hasDies(cause) ? Effect.asVoid(onDefect(row.id, Cause.squash(cause))) : Effect.void,
          ),
        ),
    })
    // The policy is read synchronously when an outcome is unknown.
    yield* Effect.ignore(load(record.definition))
    if (options.passive) pump.stop()
    yield* Effect.forkScoped(Effect.provideService(pump.run, Synchronous, false))

    const items = (
      current: Plan,
      batch: ReadonlyArray<EnrollRequest>,
      now: number,
    ): Effect.Effect<ReadonlyArray<EnrollItem>, StorageError> =>
      Effect.gen(function* () {
        const { definition: campaign, events } = current.loaded
        const unnamed = batch.filter(({ entry }) => entry === undefined)
        const entries = yield* nameEntries(store, campaign, unnamed, { now, timeScale: record.clock.scale })
        const requests = batch.map((one) => ({ ...one, entry: one.entry ?? entries.get(one) ?? firstEntry }))
        const unheardBy = yield* readUnheard(store, current.loaded, requests, now)
        const planned = requests.flatMap((request) => {
          const { lead, entry, key, at, mail } = request
          const enrollment = newEnrollment(current, lead, { entry, key }, now)
          const enrolledAt = events.size > 0 ? now : undefined
          const whom = { enrollment, lead, enrolledAt, unheard: unheardBy(request) }
          const execution = mail === undefined ? planFirst(current, whom, now, at) : planMail(current, whom, mail, now)
          return execution === undefined ? [] : [{ lead, enrollment, execution }]
        })
        return yield* noteSuppressed(services, campaign.topic, planned)
      })

    // A closed campaign still knows its own: who gives the same leads again is told that they are in.
    const areKnown = (given: ReadonlyArray<EnrollItem>) =>
      Effect.map(
        store.use((driver) => driver.enrollments(given.map(({ enrollment }) => enrollment.id))),
        (known) => known.every((enrollment) => enrollment !== undefined),
      )

    const recognise = (given: ReadonlyArray<EnrollItem>) =>
      Effect.gen(function* () {
        if (yield* areKnown(given)) return given.map(() => "duplicate" as const)
        const cancelled = record.rest.state === "cancelled"
        return yield* Effect.fail(
          new Conflict({
            code: cancelled ? "campaign-cancelled" : "campaign-closed",
            retryable: false,
            differences: [],
            message: `The campaign "${id}" takes no new leads: it is ${cancelled ? "cancelled" : "closed"}. Create another one.`,
          }),
        )
      })

    const enroll = (batch: ReadonlyArray<EnrollRequest>, by: "caller" | "trigger") =>
      Effect.gen(function* () {
        const { state, context } = record.rest
        const now = clock.currentTimeMillisUnsafe()
        const given = yield* items(yield* plan, batch, now)
        if (given.length < batch.length) return yield* Effect.fail(nothingToSend(id, (yield* plan).loaded.definition))
        const isOpen = !context.closed || state === "completed" || reopened || by === "trigger"
        if (state === "cancelled" || !isOpen) return yield* recognise(given)
        // Nobody new is no reason to run again.
        if (state === "completed" && (yield* areKnown(given))) return given.map(() => "duplicate" as const)
        // First: leads in a completed campaign would wait for ever, should it end here.
        if (state === "completed") reopened = yield* transition({ type: "ENROLL" })
        const results = yield* store.use((driver) => driver.enroll(given))
        const created = results.filter((result) => result === "created").length
        if (created > 0) pump.wake()
        bus.publish({ type: "enrolled", at: now, campaignId: id, created, duplicates: results.length - created })
        return results
      })

    return {
      id,
      record: () => record,
      pump,
      counts,
      enroll: (batch, by = "caller") => mailbox.ask(enroll(batch, by)),
      tell: (event) =>
        mailbox.ask(
          Effect.suspend(() => {
            if (event.type === "CLOSE") reopened = false
            return transition(event)
          }),
        ),
      cancel: Effect.gen(function* () {
        const accepted = yield* mailbox.ask(transition({ type: "CANCEL" }))
        yield* sweep
        return accepted
      }),
      refresh: (stored) => {
        const isOld = (): boolean => stored.version <= record.version
        const take = Effect.gen(function* () {
          if (isOld()) return
          const before = record.rest.state
          record = stored
          // The policy is read synchronously when an outcome is unknown.
          yield* Effect.ignore(load(record.definition))
          if (record.rest.state !== before) publishState()
          pump.wake()
        })
        // Asked twice a second, and hardly ever is there anything new: no turn of the mailbox for it.
        return Effect.suspend(() => (isOld() ? Effect.void : mailbox.ask(take)))
      },
      isBehind: () => Object.values(record.earlier).some((hash) => hash !== record.definition),
      follow: (hash, who) =>
        mailbox.ask(
          Effect.gen(function* () {
            yield* load(hash)
            yield* save(withDefinition(record, hash, who, services.clock.currentTimeMillisUnsafe()))
            pump.wake()
          }),
        ),
      signal,
      signalMany,
      loaded: Effect.suspend(() => load(record.definition)),
      definitionOf: definition,
    }
  })
