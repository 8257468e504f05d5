import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import {
  type ExecutionEvent,
  type LateOutcome,
  type Message,
  type RejectionFacts,
  type SendOutcome,
  type Transport,
  TransportError,
  withoutAddresses,
} from "../sdk/index.ts"
import { makeAlarm } from "./alarm.ts"

/** What one attempt's call ended with, as the machine hears it. */
export type SendEvent = Extract<ExecutionEvent, { type: "ACCEPTED" | "REJECTED" | "NOT_CALLED" | "UNKNOWN" }>

export interface SendRequest {
  readonly message: Message
  readonly idempotencyKey: string
  readonly attempt: number
  /** Called when the transport answers after it was given up: evidence that must not be thrown away. */
  readonly onLate: (outcome: LateOutcome) => void
}

/** A call under way: until when it may go on, and what ends it. */
interface Call {
  /** Epoch ms: of the deadline, then of the end of the grace. */
  readonly until: number
  readonly controller: AbortController
  readonly giveUp: (at: number) => void
}

type Answer = { readonly outcome: SendOutcome } | { readonly thrown: unknown }

/** How long a transport may take to notice its AbortSignal. */
const abortGraceMs = 1_000

const messageOf = (thrown: unknown): string =>
  withoutAddresses(thrown instanceof Error ? thrown.message : String(thrown))

const rejectionFacts = (outcome: Extract<SendOutcome, { type: "rejected" }>): RejectionFacts => ({
  scope: outcome.scope,
  retryable: outcome.retryable,
  code: outcome.code,
  ...(outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs }),
  ...(outcome.enhancedCode === undefined ? {} : { enhancedCode: outcome.enhancedCode }),
  ...(outcome.response === undefined ? {} : { response: withoutAddresses(outcome.response) }),
})

const eventOf = (answer: Answer, handedOff: boolean, at: number, jitterUnit: number): SendEvent => {
  if ("thrown" in answer)
    return handedOff
      ? { type: "UNKNOWN", at, stage: "transport-threw", text: messageOf(answer.thrown) }
      : {
          type: "REJECTED",
          at,
          jitterUnit,
          scope: "sender",
          retryable: true,
          code: "transport-threw",
          response: messageOf(answer.thrown),
        }
  const { outcome } = answer
  switch (outcome?.type) {
    case "accepted":
      return {
        type: "ACCEPTED",
        at,
        ...(outcome.providerId === undefined ? {} : { providerId: withoutAddresses(outcome.providerId) }),
        ...(outcome.response === undefined ? {} : { response: withoutAddresses(outcome.response) }),
      }
    case "rejected":
      return { type: "REJECTED", at, jitterUnit, ...rejectionFacts(outcome) }
    case "unknown":
      return {
        type: "UNKNOWN",
        at,
        stage: outcome.stage,
        ...(outcome.reason === undefined ? {} : { text: withoutAddresses(outcome.reason) }),
      }
    default:
      // A plugin that breaks its contract has told nothing about the mail.
      return { type: "UNKNOWN", at, stage: "invalid-outcome" }
  }
}

const lateOutcomeOf = (answer: Answer, handedOff: boolean): LateOutcome | undefined => {
  if ("thrown" in answer) return handedOff ? undefined : { type: "notCalled" }
  if (answer.outcome?.type === "accepted") return { type: "accepted" }
  return answer.outcome?.type === "rejected" ? { type: "rejected", ...rejectionFacts(answer.outcome) } : undefined
}

const handedOffTooLate = (transport: string): TransportError =>
  new TransportError({
    transport,
    code: "too-late",
    retryable: true,
    message: `The transport "${transport}" tried to hand over a mail after its call was given up. It must stop at its AbortSignal.`,
  })

// Asynchronous, so that a transport that throws at once is like one that rejects.
const invoke = async (
  transport: Transport,
  { message, idempotencyKey, attempt }: SendRequest,
  signal: AbortSignal,
  handoff: () => void,
): Promise<SendOutcome> => transport.send(message, { signal, idempotencyKey, attempt, handoff })

/** Calls the transport, and turns whatever it does into exactly one event. Never fails, never hangs. */
export class Sender extends Context.Service<
  Sender,
  {
    readonly transport: Transport
    readonly send: (request: SendRequest) => Effect.Effect<SendEvent>
    /** Aborts all calls under way; those that were handed off are in doubt. */
    readonly abortAll: Effect.Effect<void>
  }
>()("sendstate/actors/Sender") {
  static readonly layer = (transport: Transport): Layer.Layer<Sender> =>
    Layer.effect(
      Sender,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const random = yield* Random.Random
        const { deadlineMs, signalsHandoff } = transport.capabilities
        // Both in the order of their times, since all calls have the same deadline and the same grace.
        const running = new Set<Call>()
        const aborted = new Set<Call>()
        let closing = false
        yield* Effect.addFinalizer(() =>
          Effect.ignore(
            Effect.timeoutOption(
              Effect.tryPromise(async () => transport.close?.()),
              5_000,
            ),
          ),
        )

        const abort = (call: Call, now: number): void => {
          running.delete(call)
          aborted.add({ ...call, until: now + abortGraceMs })
          call.controller.abort()
        }
        const watch = (): void => {
          const now = clock.currentTimeMillisUnsafe()
          for (const call of running) {
            if (call.until > now && !closing) {
              alarm.set(call.until)
              break
            }
            abort(call, now)
          }
          for (const call of aborted) {
            if (call.until > now) {
              alarm.set(call.until)
              break
            }
            aborted.delete(call)
            call.giveUp(now)
          }
        }
        const alarm = yield* makeAlarm(watch)

        const send = (request: SendRequest): Effect.Effect<SendEvent> =>
          Effect.callback((resume) => {
            let handedOff = !signalsHandoff
            let isOver = false
            const end = (event: SendEvent): void => {
              if (isOver) return
              isOver = true
              resume(Effect.succeed(event))
            }
            const call: Call = {
              until: clock.currentTimeMillisUnsafe() + deadlineMs,
              controller: new AbortController(),
              giveUp: (at) =>
                end(
                  handedOff ? { type: "UNKNOWN", at, stage: "given-up" } : { type: "NOT_CALLED", at, code: "given-up" },
                ),
            }
            const handoff = (): void => {
              if (isOver) throw handedOffTooLate(transport.name)
              handedOff = true
            }
            const onSettled = (answer: Answer): void => {
              running.delete(call)
              const late = isOver ? lateOutcomeOf(answer, handedOff) : undefined
              if (late !== undefined) request.onLate(late)
              if (!isOver) end(eventOf(answer, handedOff, clock.currentTimeMillisUnsafe(), random.nextDoubleUnsafe()))
            }
            running.add(call)
            if (closing) watch()
            else alarm.set(call.until)
            invoke(transport, request, call.controller.signal, handoff).then(
              (outcome) => onSettled({ outcome }),
              (thrown: unknown) => onSettled({ thrown }),
            )
          })

        return Sender.of({
          transport,
          send,
          abortAll: Effect.sync(() => {
            closing = true
            watch()
          }),
        })
      }),
    )
}
