import type { ExecutionEvent, LateOutcome, RejectionFacts } from "../sdk/index.ts"

/** What one attempt's call ended with, as the machine hears it. */
export type SendEvent = Extract<ExecutionEvent, { type: "ACCEPTED" | "REJECTED" | "NOT_CALLED" | "UNKNOWN" }>

/** What a transport answered, not checked yet: plugins may break their contract. */
export type Answer = { readonly outcome: unknown } | { readonly thrown: unknown }

/** Takes out of a text what it says about the person. */
export type Redact = (text: string) => string

/** When the answer came, and the random number for a retry's delay. */
export interface Moment {
  readonly at: number
  readonly jitterUnit: number
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (outcome: unknown): Fields =>
  typeof outcome === "object" && outcome !== null ? (outcome as Fields) : {}

const scopes: ReadonlyArray<unknown> = ["recipient", "sender", "host", "config"] satisfies Array<
  RejectionFacts["scope"]
>

const isScope = (scope: unknown): scope is RejectionFacts["scope"] => scopes.includes(scope)

/** The text without addresses, under its name; nothing for what is no text. */
const textField = <Name extends string>(
  name: Name,
  value: unknown,
  redact: Redact,
): { readonly [Key in Name]?: string } =>
  (typeof value === "string" || typeof value === "number" ? { [name]: redact(String(value)) } : {}) as {
    readonly [Key in Name]?: string
  }

const messageOf = (thrown: unknown, redact: Redact): string =>
  redact(thrown instanceof Error ? thrown.message : String(thrown))

const rejectionFacts = (outcome: Fields, redact: Redact): RejectionFacts => {
  const { scope, retryAfterMs } = outcome
  return {
    scope: isScope(scope) ? scope : "recipient",
    retryable: outcome.retryable === true,
    ...{ code: "rejected", ...textField("code", outcome.code, redact) },
    ...(typeof retryAfterMs === "number" && retryAfterMs >= 0 && Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
    ...textField("enhancedCode", outcome.enhancedCode, redact),
    ...textField("response", outcome.response, redact),
  }
}

/** What the machine hears of an answer. Total: whatever a plugin answers is taken for what it can be. */
export const eventOf = (answer: Answer, handedOff: boolean, { at, jitterUnit }: Moment, redact: Redact): SendEvent => {
  if ("thrown" in answer)
    return handedOff
      ? { type: "UNKNOWN", at, stage: "transport-threw", text: messageOf(answer.thrown, redact) }
      : {
          type: "REJECTED",
          at,
          jitterUnit,
          scope: "sender",
          retryable: true,
          code: "transport-threw",
          response: messageOf(answer.thrown, redact),
        }
  const outcome = fieldsOf(answer.outcome)
  switch (outcome.type) {
    case "accepted":
      return {
        type: "ACCEPTED",
        at,
        ...textField("providerId", outcome.providerId, redact),
        ...textField("response", outcome.response, redact),
      }
    case "rejected":
      return { type: "REJECTED", at, jitterUnit, ...rejectionFacts(outcome, redact) }
    case "unknown":
      return {
        type: "UNKNOWN",
        at,
        ...{ stage: "unknown", ...textField("stage", outcome.stage, redact) },
        ...textField("text", outcome.reason, redact),
      }
    default:
      // A plugin that breaks its contract has told nothing about the mail.
      return { type: "UNKNOWN", at, stage: "invalid-outcome" }
  }
}

/** What the machine hears when a call did not end in time. At the end of the process no attempt is used up. */
export const givenUpEvent = (handedOff: boolean, closing: boolean, { at, jitterUnit }: Moment): SendEvent => {
  if (handedOff) return { type: "UNKNOWN", at, stage: "given-up" }
  return closing
    ? { type: "NOT_CALLED", at, code: "given-up" }
    : { type: "REJECTED", at, jitterUnit, scope: "sender", retryable: true, code: "transport-timeout" }
}

/** Whether a rejection is about the plugin: it threw or hung before the handoff. */
export const isTransportFault = (event: SendEvent): boolean =>
  event.type === "REJECTED" && (event.code === "transport-threw" || event.code === "transport-timeout")

/** The evidence in an answer that came after its call was given up; `undefined` for none. */
export const lateOutcomeOf = (answer: Answer, handedOff: boolean, redact: Redact): LateOutcome | undefined => {
  if ("thrown" in answer) return handedOff ? undefined : { type: "notCalled" }
  const outcome = fieldsOf(answer.outcome)
  if (outcome.type === "accepted") return { type: "accepted", ...textField("providerId", outcome.providerId, redact) }
  return outcome.type === "rejected" ? { type: "rejected", ...rejectionFacts(outcome, redact) } : undefined
}
