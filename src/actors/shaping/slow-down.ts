import type { SendEvent } from "../send-event.ts"

/** Who asked for less mail. */
export interface SlowDown {
  /** The recipient's domain, or the server that all mails go through. */
  readonly by: "domain" | "host"
  /** Without addresses. */
  readonly cause: string
}

const isGreylisting = (response: string | undefined): boolean => /gr[ae]y-?list/i.test(response ?? "")

/**
 * Whether an answer asks for less mail: 421 and 429, or 4.7.x (RFC 3463) with 450, 451 and 452, unless a recipient is
 * merely greylisted.
 */
export const slowDownOf = (event: SendEvent): SlowDown | undefined => {
  if (event.type !== "REJECTED" || !event.retryable || event.scope === "config") return undefined
  const { code, enhancedCode, response, scope } = event
  const isPolicy = /^45[012]$/.test(code) && enhancedCode?.startsWith("4.7.") === true && !isGreylisting(response)
  if (code !== "421" && code !== "429" && !isPolicy) return undefined
  return { by: scope === "host" ? "host" : "domain", cause: response ?? enhancedCode ?? code }
}
