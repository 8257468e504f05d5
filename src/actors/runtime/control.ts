import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type {
  CampaignState,
  Closed,
  Document,
  Feedback,
  InvalidInput,
  Json,
  StorageError,
  Unsubscription,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import { type ReceivedMessage, type ReceiveResult, receiveMessage } from "../events/receiving.ts"
import { type SignalInput, type SignalResult, signalEvent } from "../events/signalling.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { eachPageOfDocuments } from "../pages.ts"
import {
  type CancelAnswer,
  type ControlAnswer,
  cancelExecution,
  rescheduleExecution,
  resendExecution,
  resolveExecution,
  retryExecution,
} from "./execution-control.ts"
import { type ForgetOptions, type ForgetResult, forgetLead } from "./forgetting.ts"
import { type PruneResult, prune } from "./pruning.ts"
import type { FeedbackAnswer } from "./receiving-feedback.ts"
import { RuntimeActor } from "./runtime-actor.ts"
import { type SuppressionScope, type SuppressOptions, suppress, unsuppress } from "./suppressing.ts"
import { unsubscribe } from "./unsubscribing.ts"

/** What another process may ask of the one that owns the store. Plain JSON. */
export type ControlCommand =
  | {
      readonly type: "campaign"
      readonly id: string
      readonly action: "start" | "pause" | "resume" | "cancel" | "close"
    }
  | { readonly type: "cancel"; readonly ids: ReadonlyArray<string> }
  | { readonly type: "retry"; readonly ids: ReadonlyArray<string>; readonly duplicate: boolean }
  | { readonly type: "resolve"; readonly ids: ReadonlyArray<string>; readonly verdict: "sent" | "notSent" }
  /** To one instant (epoch ms), or each to its own, in order. */
  | {
      readonly type: "reschedule"
      readonly ids: ReadonlyArray<string>
      readonly dueAt: number | ReadonlyArray<number>
    }
  | { readonly type: "resend"; readonly ids: ReadonlyArray<string>; readonly inDoubt: boolean }
  /** As `runtime.forgetLead`. */
  | { readonly type: "forget"; readonly lead: string; readonly options: ForgetOptions }
  /** As `runtime.suppress`. */
  | { readonly type: "suppress"; readonly email: string; readonly options: SuppressOptions }
  /** As `runtime.unsuppress`. */
  | { readonly type: "unsuppress"; readonly email: string; readonly options: SuppressionScope }
  /** As `runtime.unsubscribe`. */
  | { readonly type: "unsubscribe"; readonly who: Unsubscription }
  /** As `runtime.receiveFeedback`. */
  | { readonly type: "feedback"; readonly feedback: ReadonlyArray<Feedback> }
  /** As `runtime.receive`, of a mail that `isAutomatic` has found to be a person's; with a `messageId`, since it has no parts. */
  | { readonly type: "receive"; readonly message: Omit<ReceivedMessage, "parts"> & { readonly messageId: string } }
  /** As `runtime.signal`. */
  | { readonly type: "signal"; readonly signal: SignalInput }
  /** As `runtime.prune`. */
  | { readonly type: "prune"; readonly endedBefore: number }

type ExecutionsCommand = Extract<ControlCommand, { readonly ids: ReadonlyArray<string> }>

/** The owner's answer. Plain JSON. */
export type ControlResult =
  | { readonly type: "campaign"; readonly accepted: boolean; readonly state: CampaignState }
  /** One answer for each id, in order. */
  | { readonly type: "executions"; readonly answers: ReadonlyArray<CancelAnswer | ControlAnswer> }
  | { readonly type: "forgotten"; readonly result: ForgetResult }
  | { readonly type: "pruned"; readonly result: PruneResult }
  | { readonly type: "suppressed" }
  | { readonly type: "received"; readonly result: ReceiveResult }
  | { readonly type: "signalled"; readonly result: SignalResult }
  | { readonly type: "feedback"; readonly answers: ReadonlyArray<FeedbackAnswer> }
  | { readonly type: "unsuppressed"; readonly wasSuppressed: boolean }
  | { readonly type: "failed"; readonly code: string; readonly message: string; readonly retryable: boolean }

const events = {
  start: { type: "START" },
  pause: { type: "PAUSE" },
  resume: { type: "RESUME" },
  close: { type: "CLOSE" },
} as const

type Runtime = RuntimeActor["Service"]

const onCampaign = (runtime: Runtime, command: Extract<ControlCommand, { type: "campaign" }>) =>
  Effect.gen(function* () {
    const actor = yield* runtime.campaign(command.id)
    const accepted = command.action === "cancel" ? yield* actor.cancel : yield* actor.tell(events[command.action])
    return { type: "campaign", accepted, state: actor.record().rest.state } satisfies ControlResult
  })

// One that is missing is refused, as any that is no instant.
const instantFor = (dueAt: number | ReadonlyArray<number>, index: number): number =>
  typeof dueAt === "number" ? dueAt : (dueAt[index] ?? Number.NaN)

const onExecution = (
  services: ProcessServices,
  actor: CampaignActor,
  id: string,
  command: ExecutionsCommand,
  index: number,
) => {
  switch (command.type) {
    case "cancel":
      return cancelExecution(services, actor, id)
    case "retry":
      return retryExecution(services, actor, id, command)
    case "resolve":
      return resolveExecution(services, actor, id, command.verdict)
    case "reschedule":
      return rescheduleExecution(services, actor, id, instantFor(command.dueAt, index))
    case "resend":
      return resendExecution(services, actor, id, command)
  }
}

const onExecutions = (runtime: Runtime, command: ExecutionsCommand) =>
  Effect.map(
    Effect.forEach(
      command.ids,
      (id, index) =>
        Effect.gen(function* () {
          const row = yield* runtime.execution(id)
          return yield* onExecution(runtime.services, yield* runtime.campaign(row.campaignId), id, command, index)
        }).pipe(Effect.catchTag("NotFound", () => Effect.succeed("missing" as const))),
      // A cancel may wait for a send that is under way; the others need not wait for it.
      { concurrency: 50 },
    ),
    (answers) => ({ type: "executions", answers }) satisfies ControlResult,
  )

const run = (
  runtime: Runtime,
  command: ControlCommand,
): Effect.Effect<ControlResult, CampaignError | Closed | InvalidInput> => {
  switch (command.type) {
    case "campaign":
      return onCampaign(runtime, command)
    case "forget":
      return Effect.map(forgetLead(runtime, command.lead, command.options), (result) => ({ type: "forgotten", result }))
    case "suppress":
      return Effect.as(suppress(runtime.services, command.email, command.options), { type: "suppressed" })
    case "unsuppress":
      return Effect.map(unsuppress(runtime.services, command.email, command.options), (wasSuppressed) => ({
        type: "unsuppressed",
        wasSuppressed,
      }))
    case "unsubscribe":
      return Effect.as(unsubscribe(runtime, command.who), { type: "suppressed" })
    case "feedback":
      return Effect.map(runtime.receiveFeedback(command.feedback), (answers) => ({ type: "feedback", answers }))
    case "receive":
      return Effect.map(receiveMessage(runtime, command.message), (result) => ({ type: "received", result }))
    case "signal":
      return Effect.map(signalEvent(runtime, command.signal), (result) => ({ type: "signalled", result }))
    case "prune":
      return Effect.map(prune(runtime.services, { endedBefore: command.endedBefore }), (result) => ({
        type: "pruned",
        result,
      }))
    default:
      return onExecutions(runtime, command)
  }
}

type Failure = { readonly code: string; readonly message: string; readonly retryable: boolean }

/** Carries out a command in this process. Never fails: a failure is an answer. */
export const carryOut = (runtime: Runtime, command: ControlCommand): Effect.Effect<ControlResult> =>
  Effect.suspend((): Effect.Effect<ControlResult, Failure> => run(runtime, command)).pipe(
    // What another program left in the store may be no command at all.
    Effect.catchDefect((defect) =>
      Effect.fail<Failure>({ code: "broke", retryable: false, message: `The command broke: ${String(defect)}.` }),
    ),
    Effect.catch(({ code, message, retryable }) =>
      Effect.succeed<ControlResult>({ type: "failed", code, message, retryable }),
    ),
  )

/** How often the owner looks for requests, milliseconds. */
const pollMs = 250

/** How long a closing owner waits for what it has begun to be answered, milliseconds. */
const answerWaitMs = 2_000

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

// Such a request must not stay readable in the files.
const namesPerson = (command: ControlCommand | undefined): boolean =>
  ["forget", "suppress", "unsuppress", "unsubscribe", "feedback", "receive", "signal"].includes(command?.type ?? "")

/** Serves the requests that other processes leave in the storage, for as long as the scope lives. */
export const serveControl: Effect.Effect<void, never, Scope | RuntimeActor> = Effect.gen(function* () {
  const runtime = yield* RuntimeActor
  const { store, clock } = runtime.services
  if (!store.storage.capabilities.control) return
  const serving = new Set<string>()

  const write = (key: string, value: Document["value"] | null) =>
    store.use((driver) => driver.writeDocuments([{ kind: "control", key, value }]))

  const serve = ({ key, value }: Document): Effect.Effect<void> =>
    Effect.gen(function* () {
      const command = value.command as unknown as ControlCommand
      // Before it is carried out, so that what is overwritten then includes the request's own words.
      const kept = namesPerson(command) ? { ...value, command: null } : value
      if (kept !== value) yield* write(key, { ...kept, status: "begun" })
      const result = yield* carryOut(runtime, command)
      yield* write(key, { ...kept, status: "answered", result: asJson(result) })
    }).pipe(
      Effect.catch((error) => Effect.sync(() => runtime.problems.report(`control requests: ${error.message}`))),
      Effect.ensuring(Effect.sync(() => serving.delete(key))),
    )

  const look = eachPageOfDocuments({ store }, "control", (page) =>
    Effect.gen(function* () {
      for (const request of page) {
        const { key, value } = request
        // Who asked has stopped waiting, or died before it could withdraw the request or take the answer.
        if (typeof value.until === "number" && value.until < clock.currentTimeMillisUnsafe()) yield* write(key, null)
        else if (value.status === "pending" && !serving.has(key)) {
          serving.add(key)
          // A cancel may wait for a send that is under way; the others need not wait for it.
          yield* Effect.forkChild(serve(request))
        }
      }
    }),
  )

  yield* Effect.forkScoped(
    Effect.forever(
      Effect.andThen(look, Effect.sleep(pollMs)).pipe(
        Effect.catch((error) =>
          Effect.andThen(
            Effect.sync(() => runtime.problems.report(`control requests: ${error.message}`)),
            Effect.sleep(pollMs * 4),
          ),
        ),
      ),
    ),
  )
  // Ended before the look: what was begun is answered, or whoever asked would wait for nobody.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      for (let waited = 0; serving.size > 0 && waited < answerWaitMs; waited += 10) yield* Effect.sleep(10)
    }),
  )
})

/** Leaves a command with the store's owner and waits for the answer; `undefined` when it does not come in time. */
export const askOwner = (
  services: Pick<ProcessServices, "store" | "clock">,
  key: string,
  command: ControlCommand,
  deadlineMs: number,
): Effect.Effect<ControlResult | undefined, StorageError> =>
  Effect.gen(function* () {
    const { store, clock } = services
    const until = clock.currentTimeMillisUnsafe() + deadlineMs
    yield* store.use((driver) =>
      driver.writeDocuments([{ kind: "control", key, value: { command: asJson(command), status: "pending", until } }]),
    )
    let result: ControlResult | undefined
    while (result === undefined && clock.currentTimeMillisUnsafe() < until) {
      yield* Effect.sleep(50)
      const [document] = yield* store.use((driver) => driver.documents("control", [key]))
      if (document?.value.status === "answered") result = document.value.result as unknown as ControlResult
    }
    // Withdrawn when unanswered: an owner that starts tomorrow must not act on a wish of today.
    yield* store.use((driver) => driver.writeDocuments([{ kind: "control", key, value: null }]))
    return result
  })
