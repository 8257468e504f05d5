import type { SendContext, SendOutcome, Transport } from "sendstate/sdk"

/** What happens to one send instead of, or around, the real one. */
export type TransportFault =
  /** Not sent; answered so. */
  | { readonly answer: SendOutcome }
  /** Not sent; throws before the handoff. */
  | { readonly throwBefore: unknown }
  /** Sent, and then throws: the mail is out, the answer is lost. */
  | { readonly throwAfter: unknown }
  /** Sent, and answered with this. */
  | { readonly answerAfter: SendOutcome }
  /** Handed over, never sent, never answered; ends when its signal fires. */
  | { readonly hang: true }

/** Asked before each send; `undefined` lets it through. */
export type TransportFaultScript = (
  message: Parameters<Transport["send"]>[0],
  context: SendContext,
) => TransportFault | undefined

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })

/** Wraps a transport so that its sends fail as scripted. */
export const faultyTransport = (inner: Transport, fault: TransportFaultScript): Transport => ({
  ...inner,
  send: async (message, context) => {
    const happens = fault(message, context)
    if (happens === undefined) return inner.send(message, context)
    if ("answer" in happens) return happens.answer
    if ("throwBefore" in happens) throw happens.throwBefore
    if ("hang" in happens) {
      context.handoff()
      return untilAborted(context.signal)
    }
    await inner.send(message, context)
    if ("throwAfter" in happens) throw happens.throwAfter
    return happens.answerAfter
  },
})
