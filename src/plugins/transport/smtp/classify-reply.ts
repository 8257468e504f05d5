import type { Rejected, RejectionScope } from "../../../sdk/transport/outcome.ts"
import type { Stage } from "./failure.ts"
import type { Reply } from "./reply.ts"
import { retryHintMs } from "./retry-hint.ts"

interface Verdict {
  readonly scope: RejectionScope
  readonly retryable: boolean
  /** Default: the reply code as text. */
  readonly code?: string
}

/** The rejection that a complete reply means at a stage; undefined when its code says neither yes nor no. */
export const classifyReply = (stage: Stage, reply: Reply): Rejected | undefined => {
  const verdict = verdictOf(stage, reply)
  if (verdict === undefined) return undefined
  const retryAfterMs = verdict.retryable ? retryHintMs(reply.text) : undefined
  return {
    type: "rejected",
    scope: verdict.scope,
    retryable: verdict.retryable,
    code: verdict.code ?? String(reply.code),
    response: reply.text,
    ...(reply.enhancedCode === undefined ? {} : { enhancedCode: reply.enhancedCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

const verdictOf = (stage: Stage, reply: Reply): Verdict | undefined => {
  const { code } = reply
  if (code < 400 || code > 599) {
    // A greeting like 200 or 354 comes from something that is not a mail server.
    return stage === "greeting" || stage === "ehlo" ? { scope: "config", retryable: true, code: "not-smtp" } : undefined
  }
  if (code === 421) return { scope: "host", retryable: true }
  switch (stage) {
    case "greeting":
    case "ehlo":
    case "reset":
    case "connect":
      // Also 554: the server refuses us, whoever the recipient is. The circuit opens; no lead is to blame.
      return { scope: "host", retryable: true }
    case "tls":
    case "starttls":
      return code < 500 ? { scope: "host", retryable: true } : { scope: "config", retryable: true, code: "tls" }
    case "auth":
      return code < 500 ? { scope: "host", retryable: true } : { scope: "config", retryable: true, code: "auth" }
    case "mail":
    case "rcpt":
    case "data":
    case "body":
    case "final":
      return aboutTheMail(stage, reply)
  }
}

const aboutTheMail = (stage: Stage, { code, enhancedCode }: Reply): Verdict => {
  const retryable = code < 500
  // 530: log in first, or STARTTLS first; 535, 538: the same, worded by other servers.
  if (code === 530 || code === 535 || code === 538) return { scope: "config", retryable: true }
  const [, subject = "", detail = ""] = enhancedCode?.split(".") ?? []
  // RFC 3463: full or shut-down mail systems.
  if (retryable && subject === "3" && (detail === "1" || detail === "2")) return { scope: "host", retryable }
  if (stage === "mail" && code === 452) return { scope: "host", retryable }
  // Mailbox full is soft whatever the first digit says; the policy limits how often it is tried.
  if (subject === "2" && detail === "2") return { scope: "recipient", retryable: true }
  if (stage === "rcpt" && code === 552 && enhancedCode === undefined) return { scope: "recipient", retryable: true }
  return { scope: scopeOf(stage, subject, detail, retryable), retryable }
}

const scopeOf = (stage: Stage, subject: string, detail: string, retryable: boolean): RejectionScope => {
  // The recipient is greylisted with 4.7.x at RCPT; a permanent 5.7.x is policy against us.
  if (subject === "7" && !(retryable && stage === "rcpt")) return "sender"
  if (subject === "1") return detail === "7" || detail === "8" ? "sender" : "recipient"
  if (subject === "2" || subject === "4") return "recipient"
  if (subject === "6" || (subject === "3" && detail === "4")) return "sender"
  return stage === "rcpt" ? "recipient" : "sender"
}
