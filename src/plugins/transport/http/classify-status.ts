import type { Rejected, SendOutcome } from "../../../sdk/transport/outcome.ts"
import type { HttpAnswer, HttpReply } from "./http-call.ts"

/** A wish beyond a day is more likely a misreading than a wish. */
const longestWaitMs = 24 * 3_600_000

/**
 * The delay that `Retry-After` asks for (RFC 9110 10.2.3), in milliseconds; undefined without one. A date is counted
 * from the reply's own `Date`, so that no clock but the server's matters.
 */
const retryAfterMs = ({ header }: HttpReply): number | undefined => {
  const value = header("retry-after")
  if (value === null) return undefined
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.parse(header("date") ?? "")
  return ms > 0 ? Math.min(ms, longestWaitMs) : undefined
}

/** A rejection with the reply's text and its wish for a delay. */
export const rejection = (
  reply: HttpReply,
  verdict: Pick<Rejected, "scope" | "retryable"> & { readonly code?: string },
): Rejected => {
  const wait = verdict.retryable ? retryAfterMs(reply) : undefined
  return {
    type: "rejected",
    scope: verdict.scope,
    retryable: verdict.retryable,
    code: verdict.code ?? String(reply.status),
    response: `${reply.status} ${reply.text}`.trim(),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  }
}

/**
 * What a status means where the provider says nothing more (RFC 9110 15).
 *
 * 500, 502 and 504 are unknown: somewhere behind the gateway the mail may have been taken before it broke. 503 is a
 * refusal to work on the request at all.
 */
export const classifyStatus = (reply: HttpReply): SendOutcome => {
  const { status } = reply
  if (status >= 200 && status < 300) return { type: "accepted", response: String(status) }
  if (status === 408 || status === 425 || status === 429 || status === 503)
    return rejection(reply, { scope: "host", retryable: true })
  if (status >= 500) return { type: "unknown", stage: "reply", reason: `${status} ${reply.text}`.trim() }
  // A wrong key or address of ours; 3xx: not followed, since the mail could be taken twice.
  if (status < 400 || status === 401 || status === 402 || status === 403 || status === 404 || status === 405)
    return rejection(reply, { scope: "config", retryable: true })
  return rejection(reply, { scope: "sender", retryable: false })
}

const setUpWrong = /^(BAD_PORT|ENOTFOUND|EPROTO|CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/

// The same words as the smtp transport has for the same troubles.
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection-refused",
  ENOTFOUND: "host-not-found",
  EAI_AGAIN: "dns-temporary",
  BAD_PORT: "config",
}

const codeOf = (code: string): string => words[code] ?? (setUpWrong.test(code) ? "tls" : "unreachable")

/** What a request without a complete answer means. */
export const classifyFailure = (answer: Exclude<HttpAnswer, { type: "reply" }>): SendOutcome =>
  answer.type === "lost"
    ? { type: "unknown", stage: "request-sent", reason: answer.text }
    : {
        type: "rejected",
        scope: setUpWrong.test(answer.code) ? "config" : "host",
        retryable: true,
        code: codeOf(answer.code),
        response: answer.text,
      }
