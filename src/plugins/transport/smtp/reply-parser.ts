import { controlCharacters } from "../../../sdk/domain/control-characters.ts"
import { type Reply, replyOf } from "./reply.ts"

const lineFeed = 0x0a
const carriageReturn = 0x0d
const eachControlCharacter = new RegExp(controlCharacters, "g")
/** RFC 5321 4.5.3.1.5 says 512 octets; servers send more, but never this much. */
const maxLineBytes = 16 * 1024
const maxReplyLines = 256

/** What a parser found in the bytes so far. */
export type Parsed =
  | { readonly type: "reply"; readonly reply: Reply }
  | { readonly type: "garbage"; readonly detail: string }

/**
 * Cuts the bytes of a server into replies.
 *
 * Memory is bounded: a line or a reply that is too long is garbage. After garbage nothing more is parsed, since
 * nobody can tell which command the next line would answer.
 */
export class ReplyParser {
  #pending: Buffer = Buffer.alloc(0)
  #lines: Array<string> = []
  #broken = false

  /** Whether a reply has begun and is not complete. */
  get partial(): boolean {
    return this.#pending.length > 0 || this.#lines.length > 0
  }

  /** The replies that are complete with this chunk, in order; at most one garbage, and it is the last. */
  push(chunk: Buffer): ReadonlyArray<Parsed> {
    if (this.#broken) return []
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const found: Array<Parsed> = []
    let start = 0
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      const stop = end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
      const parsed = stop - start > maxLineBytes ? this.#tooLong() : this.#line(bytes.toString("utf8", start, stop))
      if (parsed !== undefined) found.push(parsed)
      if (this.#broken) return found
      start = end + 1
    }
    this.#pending = bytes.subarray(start)
    if (this.#pending.length > maxLineBytes) found.push(this.#tooLong())
    return found
  }

  #line(line: string): Parsed | undefined {
    if (!/^\d{3}(?:[ -]|$)/.test(line)) return this.#garbage(`not an SMTP reply: ${printable(line)}`)
    const first = this.#lines[0]
    if (first !== undefined && first.slice(0, 3) !== line.slice(0, 3))
      return this.#garbage(`the lines of one reply have different codes: ${printable(first)} / ${printable(line)}`)
    this.#lines.push(line)
    if (line[3] === "-") return this.#lines.length > maxReplyLines ? this.#tooLong() : undefined
    const reply = replyOf(this.#lines)
    this.#lines = []
    return { type: "reply", reply }
  }

  #tooLong(): Parsed {
    return this.#garbage(`a reply is longer than ${maxLineBytes} octets a line or ${maxReplyLines} lines`)
  }

  #garbage(detail: string): Parsed {
    this.#broken = true
    this.#pending = Buffer.alloc(0)
    this.#lines = []
    return { type: "garbage", detail }
  }
}

/** Server text that is safe to show: no control characters, not endless. */
const printable = (text: string): string => JSON.stringify(text.slice(0, 200).replace(eachControlCharacter, "?"))
