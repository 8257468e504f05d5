/** One request to a provider: complete, so that it can be sent once. */
export interface HttpCall {
  readonly url: string
  /** Default `POST`. */
  readonly method?: "GET" | "POST"
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A complete answer. */
export interface HttpReply {
  readonly status: number
  /** Header by name, case-insensitive; `null` when it is not there. */
  readonly header: (name: string) => string | null
  /** The body, at most 64 KiB of it. */
  readonly text: string
}

/** What became of a request. */
export type HttpAnswer =
  | { readonly type: "reply"; readonly reply: HttpReply }
  /** No connection was made: certainly nothing was sent. */
  | { readonly type: "notConnected"; readonly code: string; readonly text: string }
  /** The request may have arrived; there is no complete answer. */
  | { readonly type: "lost"; readonly code: string; readonly text: string }

/** `fetch`, or something that behaves like it. */
export type Fetch = typeof globalThis.fetch

const largestReplyBytes = 65_536

// What undici and TLS say before a request is written. ECONNRESET and the like are not here: they also come after it.
const beforeTheRequest =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|BAD_PORT|UND_ERR_CONNECT_TIMEOUT|EPROTO|CERT_.*|ERR_TLS_.*|ERR_SSL_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/

const textOf = (value: unknown): string => (value instanceof Error ? value.message : String(value))

const failureOf = (error: unknown): HttpAnswer => {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error
  // fetch refuses some ports (6000, 25...) by a text alone.
  const known = textOf(cause) === "bad port" ? "BAD_PORT" : ""
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : known
  const text = `${code} ${textOf(cause)}`.trim()
  return beforeTheRequest.test(code)
    ? { type: "notConnected", code, text }
    : { type: "lost", code: code === "" ? "request-failed" : code, text }
}

const readText = async (response: Response): Promise<string> => {
  if (response.body === null) return ""
  const decoder = new TextDecoder()
  let text = ""
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    text += decoder.decode(chunk, { stream: true })
    // The rest does not matter, and a provider that never stops must not hold the slot.
    if (size >= largestReplyBytes) break
  }
  return text
}

/**
 * Sends one request, once: redirects are not followed, nothing is repeated. Never throws.
 *
 * What is only known to have failed somewhere counts as lost: the mail may have been taken.
 */
export const callHttp = async (fetch: Fetch, call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> => {
  try {
    const response = await fetch(call.url, {
      method: call.method ?? "POST",
      headers: call.headers,
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: "manual",
      signal,
    })
    const text = await readText(response)
    return {
      type: "reply",
      reply: { status: response.status, header: (name) => response.headers.get(name), text },
    }
  } catch (error) {
    return failureOf(error)
  }
}
