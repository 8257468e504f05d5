import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
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

/** What one attempt's call ended with, as the machine hears it. */
export type SendEvent = Extract<ExecutionEvent, { type: "ACCEPTED" | "REJECTED" | "NOT_CALLED" | "UNKNOWN" }>

export interface SendRequest {
  readonly message: Message
  readonly idempotencyKey: string
  readonly attempt: number
  /** Called when the transport answers after it was given up: evidence that must not be thrown away. */
  readonly onLate: (outcome: LateOutcome) => void
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
        const aborting = Latch.makeUnsafe(false)
        const { deadlineMs, signalsHandoff } = transport.capabilities
        yield* Effect.addFinalizer(() =>
          Effect.ignore(
            Effect.timeoutOption(
              Effect.tryPromise(async () => transport.close?.()),
              5_000,
            ),
          ),
        )

        const send = (request: SendRequest): Effect.Effect<SendEvent> =>
          Effect.suspend(() => {
            const controller = new AbortController()
            let handedOff = !signalsHandoff
            let givenUp = false
            const handoff = (): void => {
              if (givenUp)
                throw new TransportError({
                  transport: transport.name,
                  code: "too-late",
                  retryable: true,
                  message: `The transport "${transport.name}" tried to hand over a mail after its call was given up. It must stop at its AbortSignal.`,
                })
              handedOff = true
            }
            const call = async (): Promise<SendOutcome> =>
              transport.send(request.message, {
                signal: controller.signal,
                idempotencyKey: request.idempotencyKey,
                attempt: request.attempt,
                handoff,
              })
            const settled: Promise<Answer> = call().then(
              (outcome) => ({ outcome }),
              (thrown: unknown) => ({ thrown }),
            )
            const answered = Effect.promise(() => settled)
            const finish = (answer: Answer): SendEvent =>
              eventOf(answer, handedOff, clock.currentTimeMillisUnsafe(), random.nextDoubleUnsafe())

            const giveUp = Effect.sync((): SendEvent => {
              givenUp = true
              void settled.then((answer) => {
                const late = lateOutcomeOf(answer, handedOff)
                if (late !== undefined) request.onLate(late)
              })
              const at = clock.currentTimeMillisUnsafe()
              return handedOff
                ? { type: "UNKNOWN", at, stage: "given-up" }
                : { type: "NOT_CALLED", at, code: "given-up" }
            })

            return Effect.raceFirst(
              Effect.map(answered, finish),
              Effect.as(Effect.raceFirst(Effect.sleep(deadlineMs), aborting.await), undefined),
            ).pipe(
              Effect.flatMap((event) => {
                if (event !== undefined) return Effect.succeed(event)
                controller.abort()
                return Effect.raceFirst(
                  Effect.map(answered, finish),
                  Effect.andThen(Effect.sleep(abortGraceMs), giveUp),
                )
              }),
              Effect.onInterrupt(() => Effect.sync(() => controller.abort())),
            )
          })

        return Sender.of({ transport, send, abortAll: Effect.asVoid(aborting.open) })
      }),
    )
}
