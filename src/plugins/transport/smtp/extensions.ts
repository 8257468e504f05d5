import type { Reply } from "./reply.ts"

/** What a server offers in its EHLO reply, as far as it concerns us. */
export interface Extensions {
  readonly pipelining: boolean
  readonly startTls: boolean
  readonly smtpUtf8: boolean
  /** Whether SIZE is offered, so that MAIL FROM may declare one (RFC 1870). */
  readonly size: boolean
  /** Largest message in octets; undefined when there is no fixed limit. */
  readonly maxSize: number | undefined
  /** Authentication mechanisms, upper-case. */
  readonly auth: ReadonlySet<string>
}

/** What a server has that understands only HELO. */
export const noExtensions: Extensions = {
  pipelining: false,
  startTls: false,
  smtpUtf8: false,
  size: false,
  maxSize: undefined,
  auth: new Set(),
}

/** The extensions of an EHLO reply; the first line is the greeting and says nothing. */
export const extensionsOf = (ehlo: Reply): Extensions => {
  const parameters = new Map<string, string>()
  for (const line of ehlo.lines.slice(1)) {
    const [keyword = "", ...rest] = line.trim().toUpperCase().split(/[ =]+/)
    parameters.set(keyword, `${parameters.get(keyword) ?? ""} ${rest.join(" ")}`.trim())
  }
  const maxSize = Number.parseInt(parameters.get("SIZE") ?? "", 10)
  return {
    pipelining: parameters.has("PIPELINING"),
    startTls: parameters.has("STARTTLS"),
    smtpUtf8: parameters.has("SMTPUTF8"),
    size: parameters.has("SIZE"),
    maxSize: maxSize > 0 ? maxSize : undefined,
    auth: new Set((parameters.get("AUTH") ?? "").split(" ").filter((mechanism) => mechanism !== "")),
  }
}
