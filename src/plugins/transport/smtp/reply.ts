/** One complete SMTP reply (RFC 5321 4.2), multi-line replies whole. */
export interface Reply {
  /** 0..999 as sent; only 200..599 mean something. */
  readonly code: number
  /** RFC 3463 status such as `5.1.1`, when the reply starts with one. */
  readonly enhancedCode?: string
  /** Each line without its code, in order. */
  readonly lines: ReadonlyArray<string>
  /** The reply as received, lines joined with `\n`. */
  readonly text: string
}

/** Whether the server said yes to a command that is answered with 2xx. */
export const isPositive = (reply: Reply): boolean => reply.code >= 200 && reply.code < 300

/** The reply built of its raw lines, which are `250-...` up to the last `250 ...`. */
export const replyOf = (rawLines: ReadonlyArray<string>): Reply => {
  const text = rawLines.join("\n")
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?=\s|$)/.exec(text)?.[1]
  return {
    code: Number(text.slice(0, 3)),
    lines: rawLines.map((line) => line.slice(4)),
    text,
    ...(enhanced === undefined ? {} : { enhancedCode: enhanced }),
  }
}
