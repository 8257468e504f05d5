import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { hasEnded } from "../../machines/index.ts"
import {
  domainOf,
  type ExecutionEvent,
  type ExecutionRow,
  type Flag,
  type LateOutcome,
  type Lead,
  type Message,
  type NotFound,
  RenderError,
  type StorageError,
  withoutAddresses,
  withoutPerson,
} from "../../sdk/index.ts"
import type { LoadedDefinition } from "../campaign/definition.ts"
import type { Recipient } from "../campaign/recipient.ts"
import { templateFor } from "../campaign/variants.ts"
import type { Route } from "../routing/choice.ts"
import type { Heard } from "../routing/routes.ts"
import type { SendEvent } from "../send-event.ts"
import { type Capped, countMail, lookAtCaps } from "../shaping/frequency.ts"
import { shapedMailOf } from "../shaping/shaped-mail.ts"
import { type Later, longestPauseMs, type Ticket } from "../shaping/shaper.ts"
import { slowDownOf } from "../shaping/slow-down.ts"
import type { CampaignOfExecution, ProcessServices } from "./dependencies.ts"
import { settleDoubt } from "./doubt.ts"
import { heed } from "./heed.ts"
import { leaveJourney } from "./journey.ts"
import { maxClaims } from "./lease.ts"
import { makeMessage } from "./mail.ts"
import { advance, commitOf, type Progress, progressOf } from "./progress.ts"
import { type AttemptEnd, commitForCertain, endOf, persist, publishProgress, saveProgress } from "./save.ts"
import { heldUp, treatLate, waitForHours } from "./waiting.ts"

const failed = (services: ProcessServices, code: string, text: string, retryable: boolean): ExecutionEvent => ({
  type: "FAILED",
  at: services.clock.currentTimeMillisUnsafe(),
  jitterUnit: services.random.nextDoubleUnsafe(),
  retryable,
  code,
  text,
})

/** Saves an end that was reached before sending. A flag that came in between is applied at the next claim. */
const saveUnsent = (services: ProcessServices, campaign: CampaignOfExecution, progress: Progress) =>
  Effect.map(saveProgress(services, campaign, progress), endOf)

/** Nothing was begun: it waits as before, for longer. */
const putOff = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  row: ExecutionRow,
  { dueAt, reason, plannedFor }: (Later | Capped) & { readonly plannedFor?: number },
) => {
  const at = services.clock.currentTimeMillisUnsafe()
  return saveUnsent(
    services,
    campaign,
    advance(progressOf(row), {
      type: "RESCHEDULE",
      at,
      dueAt,
      reason,
      ...(plannedFor === undefined ? {} : { plannedFor }),
    }),
  )
}

/** A mail that is ready, to whom, and as part of what. */
interface Rendered {
  readonly message: Message
  readonly lead: Lead
  readonly loaded: LoadedDefinition
}

// A row that is under way when its campaign is edited for all takes the new version of its step, if there is one.
const templateOf = (row: ExecutionRow, { hash, definition }: LoadedDefinition): string =>
  (hash === row.definition ? undefined : templateFor(definition, row.step, row.leadId)) ?? row.template

const renderedWith = ({ row, context }: Progress, { hash }: LoadedDefinition): { readonly definition?: string } =>
  hash === row.definition && context.renderedWith === undefined ? {} : { definition: hash }

const render = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  { row, context }: Progress,
  lead: Lead,
): Effect.Effect<Rendered, RenderError | NotFound | StorageError> =>
  Effect.gen(function* () {
    const loaded = yield* campaign.definition(row)
    const template = yield* services.templates.prepared(templateOf(row, loaded))
    const now = context.renderedAt ?? services.clock.currentTimeMillisUnsafe()
    // What is no RenderError here is a defect of the renderer: supervision restarts the execution.
    const message = yield* Effect.suspend(() => {
      try {
        return Effect.succeed(makeMessage(template, loaded, lead, row, { now, secrets: services.secrets }))
      } catch (cause) {
        return cause instanceof RenderError ? Effect.fail(cause) : Effect.die(cause)
      }
    })
    return { message, lead, loaded }
  })

const asRenderError = (row: ExecutionRow, defect: unknown): RenderError =>
  new RenderError({
    template: row.template,
    code: "defect",
    retryable: false,
    issues: [],
    cause: defect,
    message: `The renderer broke each time: ${defect instanceof Error ? defect.message : String(defect)}`,
  })

const lateOf = (event: SendEvent): LateOutcome | undefined => {
  switch (event.type) {
    case "ACCEPTED":
      return { type: "accepted" }
    case "REJECTED": {
      const { type: _type, at: _at, jitterUnit: _unit, ...facts } = event
      return { type: "rejected", ...facts }
    }
    case "NOT_CALLED":
      return { type: "notCalled" }
    case "UNKNOWN":
      return undefined
  }
}

/** Hands in what is known about an attempt whose lease is gone. */
const submitLate = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  row: ExecutionRow,
  attempt: number,
  outcome: LateOutcome,
) =>
  campaign.signal(row.id, () => ({
    type: "LATE_RECEIPT",
    attempt,
    outcome,
    at: services.clock.currentTimeMillisUnsafe(),
    jitterUnit: services.random.nextDoubleUnsafe(),
  }))

// A wish that came during a call that was refused for good: a cancel decides what the end is called.
const flagsAtEnd = (services: ProcessServices, outcome: Progress): Effect.Effect<ReadonlyArray<Flag>, StorageError> =>
  outcome.state === "done" && outcome.context.outcome === "failed"
    ? Effect.map(
        services.store.use((driver) => driver.get([outcome.row.id])),
        ([row]) => (row?.token === outcome.row.token ? row.flags : []),
      )
    : Effect.succeed([])

const saveReceipt = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  sending: Progress,
  event: SendEvent,
): Effect.Effect<void, StorageError | NotFound> =>
  persist(
    services,
    Effect.gen(function* () {
      const flags = yield* flagsAtEnd(services, advance(sending, event))
      const heard = advance(heed(sending, flags), event)
      const outcome = yield* settleDoubt(services, campaign, heard)
      const result = yield* saveProgress(services, campaign, outcome, { receipt: true, appliedFlags: flags.length })
      const late = lateOf(event)
      if (result.type === "leaseLost" && late !== undefined)
        yield* submitLate(services, campaign, sending.row, sending.context.attempt, late)
    }).pipe(
      // A known outcome is never dropped: only the end of the process leaves it in doubt.
      Effect.tapError((error) => (error._tag === "StorageError" ? campaign.onStorageError(error) : Effect.void)),
    ),
  )

/** What is sent, for whom, and which way. */
interface Outgoing {
  readonly route: Route
  /** Domain of the From address. */
  readonly sender: string
  readonly message: Message
  readonly startedNanos: bigint
}

const callTransport = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  sending: Progress,
  { route, sender, message, startedNanos }: Outgoing,
): Effect.Effect<Heard> => {
  const elapsedMs = Number(services.clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6
  // Self-fence: a process that was frozen since its intent may have lost the row to another one by now.
  if (elapsedMs >= services.leases.graceMs)
    return Effect.succeed({
      event: { type: "NOT_CALLED", at: services.clock.currentTimeMillisUnsafe(), code: "lease-over" },
      isStuck: false,
    })
  const { context } = sending
  const { attempt } = context
  return services.routes.send(
    route,
    { sender, context },
    {
      message,
      idempotencyKey: sending.row.id,
      attempt,
      onLate: (outcome) => {
        services.fork(persist(services, submitLate(services, campaign, sending.row, attempt, outcome)))
      },
    },
  )
}

/** From the intent to the receipt; runs in a slot of the route's transport and is never interrupted. */
const send = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  rendered: Progress,
  {
    message,
    lead,
    loaded,
    ticket,
    sender,
    route,
  }: Rendered & Pick<Turn, "ticket" | "sender"> & { readonly route: Route },
): Effect.Effect<AttemptEnd, StorageError | NotFound> =>
  Effect.gen(function* () {
    const { clock, routes } = services
    const startedNanos = clock.monotonicTimeNanosUnsafe()
    const now = clock.currentTimeMillisUnsafe()
    // It may have stood in line for long, and the call comes after a commit and the pause that its limits ask for.
    const notNow =
      treatLate(campaign, loaded.definition, rendered.row, lead, now) ??
      waitForHours(campaign, loaded.definition, rendered.row, lead, now, longestPauseMs)
    if (notNow !== undefined) return yield* saveUnsent(services, campaign, notNow)
    const capped = yield* countMail(services, { row: rendered.row, lead, definition: loaded.definition, now })
    if (capped !== undefined) return yield* putOff(services, campaign, rendered.row, capped)
    const intended = advance(rendered, {
      type: "RENDERED",
      at: now,
      ...renderedWith(rendered, loaded),
      ...routes.note(route, rendered.context.via),
    })
    const commit = commitOf(intended, {
      intent: { attempt: intended.context.attempt, at: now },
      leaseUntil: now + route.transport.capabilities.deadlineMs + services.leases.graceMs,
      requires: { suppressionKeys: services.secrets.suppressionKeys(message.envelope.to, loaded.definition.topic) },
    })
    const result = yield* commitForCertain(services, commit)
    switch (result.type) {
      case "ok":
        break
      case "refused":
        if (result.reason !== "suppressed") return "release"
        return yield* saveUnsent(
          services,
          campaign,
          advance(rendered, { type: "SUPPRESS", at: now, code: "suppressed" }),
        )
      case "flagged":
        return "release"
      case "leaseLost":
      case "missing":
        return "committed"
    }
    publishProgress(services, intended, undefined)
    const sending: Progress = { ...intended, events: [], row: { ...intended.row, version: result.version } }
    const pauseMs = ticket.pause(clock.currentTimeMillisUnsafe())
    if (pauseMs > 0) yield* Effect.sleep(Math.ceil(pauseMs))
    const outgoing: Outgoing = { route, sender, message, startedNanos }
    const { event, isStuck } = yield* callTransport(services, campaign, sending, outgoing)
    const asked = slowDownOf(event)
    if (asked?.by === "domain") yield* services.shaper.slowDown(domainOf(lead.email), asked.cause)
    if (event.type === "REJECTED" && isStuck)
      yield* Effect.ignore(campaign.degrade(`${route.name}: ${event.response ?? event.code}`))
    yield* saveReceipt(services, campaign, sending, event)
    return "committed"
  }).pipe(Effect.uninterruptible)

interface Turn {
  readonly rendering: Progress
  readonly lead: Lead
  readonly ticket: Ticket
  /** Domain of the From address. */
  readonly sender: string
  readonly fail: (code: string, text: string, retryable: boolean) => Effect.Effect<AttemptEnd, StorageError | NotFound>
}

const attemptInTurn = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  { rendering, lead, ticket, sender, fail }: Turn,
): Effect.Effect<AttemptEnd | "closed" | Later, StorageError | NotFound> =>
  Effect.gen(function* () {
    const { row } = rendering
    const rendered = yield* Effect.result(
      Effect.catchDefect(render(services, campaign, rendering, lead), (defect) =>
        Effect.flatMap(campaign.onDefect(row.id, defect), (verdict) =>
          verdict === "fail" ? Effect.fail(asRenderError(row, defect)) : Effect.succeed("restart" as const),
        ),
      ),
    )
    if (Result.isFailure(rendered))
      return rendered.failure._tag === "RenderError"
        ? yield* fail(rendered.failure.code, rendered.failure.message, rendered.failure.retryable)
        : yield* Effect.fail(rendered.failure)
    if (rendered.success === "restart") return "release"
    const ready = rendered.success
    const mail = { key: row.id, ticket, sender, context: rendering.context }
    return yield* services.routes.withSlot(mail, (route) =>
      send(services, campaign, rendering, { ...ready, ticket, sender, route }),
    )
  })

/** One attempt of a claimed execution: render, wait for the transport, intent, call, receipt. */
export const attemptExecution = (
  services: ProcessServices,
  campaign: CampaignOfExecution,
  row: ExecutionRow,
  { lead: stored, isSuppressed }: Recipient,
): Effect.Effect<AttemptEnd, StorageError | NotFound> =>
  Effect.gen(function* () {
    const now = services.clock.currentTimeMillisUnsafe()
    const rendering = advance(progressOf(row), { type: row.state === "retrying" ? "RETRY_DUE" : "DUE", at: now })
    let redact = stored === undefined ? withoutAddresses : withoutPerson(stored)
    const fail = (code: string, text: string, retryable: boolean) =>
      saveUnsent(services, campaign, advance(rendering, failed(services, code, redact(text), retryable)))
    if (row.claims > maxClaims) return yield* fail("crashed", "its process died each time it was tried", false)
    const known = yield* Effect.result(services.leadOf?.(row.leadId) ?? Effect.succeed(stored))
    if (Result.isFailure(known)) return yield* fail(known.failure.code, known.failure.message, known.failure.retryable)
    const lead = known.success
    const suppress = (code: string) =>
      saveUnsent(services, campaign, advance(rendering, { type: "SUPPRESS", at: now, code }))
    if (lead === undefined) return yield* suppress("lead-erased")
    if (isSuppressed) return yield* suppress("suppressed")
    redact = withoutPerson(lead)
    const loaded = yield* campaign.definition(row)
    const { definition } = loaded
    const late = treatLate(campaign, definition, row, lead, now)
    const waiting = late === undefined ? waitForHours(campaign, definition, row, lead, now) : undefined
    const moved = late === undefined || hasEnded(late.state) ? waiting : late
    // Before it is left out as late, too: a fork that nobody decided would go on with the side of its first mail.
    const notNow = moved ?? (yield* leaveJourney(services, loaded, row, lead, now)) ?? late
    if (notNow !== undefined) return yield* saveUnsent(services, campaign, notNow)
    const capped = yield* lookAtCaps(services, { row, lead, definition, now })
    if (capped !== undefined) return yield* putOff(services, campaign, row, capped)
    const sender = domainOf(definition.from.address)
    if (row.context.unknownAttempts.length === 0 && !services.routes.take(sender)) {
      yield* Effect.ignore(campaign.degrade(`no transport takes mails from ${sender}: name it among its senders`))
      return "release"
    }
    const { names, areShut } = services.routes.waysOf({ sender, context: rendering.context })
    const mail = shapedMailOf(definition, row, lead, names)
    const end = yield* services.shaper.withTicket(mail, areShut, (ticket) =>
      attemptInTurn(services, campaign, { rendering, lead, ticket, sender, fail }),
    )
    if (end === "closed") return "release"
    return typeof end === "string"
      ? end
      : yield* putOff(services, campaign, row, { ...end, ...heldUp(definition, row) })
  })
