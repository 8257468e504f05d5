import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Scope } from "effect/Scope"
import { type LateOutcome, type Message, type Transport, TransportError, withoutPerson } from "../sdk/index.ts"
import { makeAlarm } from "./alarm.ts"
import { elapsedMs } from "./elapsed.ts"
import { type Answer, eventOf, givenUpEvent, lateOutcomeOf, type Moment, type SendEvent } from "./send-event.ts"

export interface SendRequest {
  readonly message: Message
  readonly idempotencyKey: string
  readonly attempt: number
  /** Called when the transport answers after it was given up: evidence that must not be thrown away. */
  readonly onLate: (outcome: LateOutcome) => void
}

/** A call under way: until when it may go on, and what ends it. */
interface Call {
  /** Of {@link elapsedMs}: the deadline, then the end of the grace. */
  readonly until: number
  readonly controller: AbortController
  readonly giveUp: () => void
}

/** How long a transport may take to notice its AbortSignal. */
const abortGraceMs = 1_000

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
): Promise<unknown> => transport.send(message, { signal, idempotencyKey, attempt, handoff })

/** Calls the transport, and turns whatever it does into exactly one event. Never fails, never hangs. */
export interface Sender {
  readonly send: (request: SendRequest) => Effect.Effect<SendEvent>
  /** Aborts all calls under way; those that were handed off are in doubt. */
  readonly abortAll: () => void
}

/** The sender of a transport, which is closed with the scope. */
export const makeSender = (transport: Transport): Effect.Effect<Sender, never, Scope> =>
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

    const moment = (): Moment => ({
      at: clock.currentTimeMillisUnsafe(),
      jitterUnit: random.nextDoubleUnsafe(),
    })
    const abort = (call: Call, now: number): void => {
      running.delete(call)
      aborted.add({ ...call, until: now + abortGraceMs })
      call.controller.abort()
    }
    const watch = (): void => {
      const now = elapsedMs(clock)
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
        call.giveUp()
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
          until: elapsedMs(clock) + deadlineMs,
          controller: new AbortController(),
          giveUp: () => end(givenUpEvent(handedOff, closing, moment())),
        }
        const handoff = (): void => {
          // A process that was frozen since may find that its lease is over before it hears of its deadline: another
          // one may have asked what became of the mail, and heard that there is none.
          if (isOver || elapsedMs(clock) > call.until) throw handedOffTooLate(transport.name)
          handedOff = true
        }
        const onSettled = (answer: Answer): void => {
          running.delete(call)
          const { to } = request.message
          const redact = withoutPerson({ email: to.address, name: to.name })
          const late = isOver ? lateOutcomeOf(answer, handedOff, redact) : undefined
          if (late !== undefined) request.onLate(late)
          if (!isOver) end(eventOf(answer, handedOff, moment(), redact))
        }
        running.add(call)
        if (closing) watch()
        else alarm.set(call.until)
        invoke(transport, request, call.controller.signal, handoff).then(
          (outcome) => onSettled({ outcome }),
          (thrown: unknown) => onSettled({ thrown }),
        )
      })

    return {
      send,
      abortAll: () => {
        closing = true
        watch()
      },
    }
  })
