import type { Rejected, RejectionScope, SendOutcome } from "../../../sdk/transport/outcome.ts"
import { classifyReply } from "../smtp/classify-reply.ts"
import type { Stage } from "../smtp/failure.ts"
import { replyOf } from "../smtp/reply.ts"

const textOf = (error: object, key: string): string => {
  const value: unknown = Reflect.get(error, key)
  return typeof value === "string" ? value : ""
}

/** The stage of an error that carries a complete reply; undefined when the error does not tell. */
const stageOf = (code: string, command: string): Stage | undefined => {
  if (code === "EAUTH") return "auth"
  if (code === "EMESSAGE" && command === "DATA") return "final"
  if (code !== "EENVELOPE") return undefined
  if (command === "MAIL FROM") return "mail"
  if (command === "RCPT TO") return "rcpt"
  return command === "DATA" ? "data" : undefined
}

/** Errors that can only come before a mail is given to the server. */
const early = (code: string, original: string): { scope: RejectionScope; code: string } | undefined => {
  if (code === "EAUTH" || code === "ENOAUTH") return { scope: "config", code: "auth" }
  if (code === "ETLS") return { scope: "config", code: "tls" }
  if (code === "ECONFIG" || code === "EPROXY") return { scope: "config", code: "config" }
  if (code === "EDNS" && original === "EAI_AGAIN") return { scope: "host", code: "dns-temporary" }
  if (code === "EDNS") return { scope: "config", code: "host-not-found" }
  if (original === "ECONNREFUSED") return { scope: "host", code: "connection-refused" }
  return undefined
}

/** What a failed `sendMail` means: a rejection where that is certain, else unknown. */
export const classifyError = (error: unknown): SendOutcome => {
  if (typeof error !== "object" || error === null)
    return { type: "unknown", stage: "handed-over", reason: String(error) }
  const code = textOf(error, "code")
  const response = textOf(error, "response")
  const message = textOf(error, "message")
  const stage = stageOf(code, textOf(error, "command"))
  if (stage !== undefined && /^\d{3}[ -]/.test(response)) {
    const rejected = classifyReply(stage, replyOf(response.split(/\r?\n/)))
    if (rejected !== undefined) return rejected
  }
  const known = early(code, textOf(error, "originalCode") || code)
  if (known === undefined) return { type: "unknown", stage: "handed-over", reason: `${code} ${message}`.trim() }
  const rejected: Rejected = { type: "rejected", retryable: true, response: response || message, ...known }
  return rejected
}
