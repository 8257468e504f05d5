import type { Rejected, RejectionScope, SendOutcome } from "../../../sdk/transport/outcome.ts"
import { classifyReply } from "./classify-reply.ts"
import type { Breakage, BreakageWord, SmtpFailure, Stage } from "./failure.ts"

/**
 * What a failed attempt means. The stage decides first: once the final dot was given to the socket, anything but a
 * complete final reply is unknown; before it, the server cannot have the mail, so everything is a rejection.
 */
export const classify = (failure: SmtpFailure): SendOutcome => {
  const { stage, problem } = failure
  if (!("word" in problem)) {
    const outcome = classifyReply(stage, problem)
    if (outcome !== undefined) return outcome
    return stage === "final"
      ? { type: "unknown", stage: "data-sent", reason: `a final reply without meaning: ${problem.text}` }
      : rejectedByBreakage(stage, { word: "garbage", detail: problem.text })
  }
  if (stage === "final") return { type: "unknown", stage: "data-sent", reason: `${problem.word}: ${problem.detail}` }
  return rejectedByBreakage(stage, problem)
}

/** Breakages that mean the same at every stage; all others are about the server. */
const fixed: Partial<Record<BreakageWord, { readonly scope: RejectionScope; readonly retryable: boolean }>> = {
  // Set-up problems are retryable in the sense of the contract: the same mail may be accepted once a person has acted.
  "host-not-found": { scope: "config", retryable: true },
  tls: { scope: "config", retryable: true },
  auth: { scope: "config", retryable: true },
  "smtputf8-not-offered": { scope: "recipient", retryable: false },
  "message-too-large": { scope: "sender", retryable: false },
}

const rejectedByBreakage = (stage: Stage, { word, detail }: Breakage): Rejected => {
  const { scope, retryable } = fixed[word] ?? { scope: scopeOf(stage, word), retryable: true }
  return { type: "rejected", scope, retryable, code: codeOf(stage, word), response: detail }
}

const scopeOf = (stage: Stage, word: BreakageWord): RejectionScope => {
  if (word === "garbage" || word === "partial-reply") {
    if (stage === "rcpt") return "recipient"
    if (stage === "mail" || stage === "data" || stage === "body") return "sender"
    // A server that does not speak SMTP from the start is the wrong server.
    return word === "garbage" && (stage === "greeting" || stage === "ehlo") ? "config" : "host"
  }
  // It broke while it read this content: that may be the content's fault, so it counts as an attempt.
  return stage === "body" && word !== "aborted" && word !== "deadline" ? "sender" : "host"
}

const codeOf = (stage: Stage, word: BreakageWord): string => {
  if (word === "garbage" && (stage === "greeting" || stage === "ehlo")) return "not-smtp"
  if (word === "garbage") return "bad-reply"
  if (word === "timeout" && stage === "connect") return "connection-timeout"
  if (word === "timeout" && stage === "greeting") return "greeting-timeout"
  return word
}
