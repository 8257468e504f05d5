import type { Issue } from "../../sdk/errors.ts"
import { limits } from "./limits.ts"

/** What a Handlebars tag does: writes a value, writes it unescaped, opens, continues or ends a block, and so on. */
export type TagKind = "value" | "raw" | "open" | "else" | "close" | "comment" | "partial" | "refused"

/** One `{{...}}` of a template's text. */
export interface TemplateTag {
  readonly kind: TagKind
  /** The whole tag with its braces. */
  readonly text: string
  /** What stands between the braces, without `~` and the leading sign. */
  readonly inner: string
  readonly start: number
  readonly end: number
}

/** Everything that `scanTags` found. */
export interface ScannedTags {
  readonly tags: ReadonlyArray<TemplateTag>
  /** `path` is the offset in the text as a decimal. */
  readonly issues: ReadonlyArray<Issue>
}

// One step inside a tag: a string, a [segment], or any character that does not begin the end.
const step = /"(?:\\["]|[^"])*"|'(?:\\[']|[^'])*'|\[(?:\\\]|[^\]])*\]|(?!~?\}\})[\s\S]/y

const endOfTag = (text: string, from: number): number => {
  const limit = from + limits.tagChars
  let at = from
  while (at < text.length && at <= limit) {
    if (text.startsWith("}}", at)) return at + 2
    if (text.startsWith("~}}", at)) return at + 3
    step.lastIndex = at
    if (!step.test(text)) return -1
    at = step.lastIndex
  }
  return -1
}

const kindOf = (inner: string): TagKind => {
  if (inner.startsWith("#>") || inner.startsWith("#*") || inner.startsWith("*")) return "refused"
  if (inner.startsWith("#")) return "open"
  if (inner.startsWith("/")) return "close"
  if (inner.startsWith(">")) return "partial"
  if (inner.startsWith("&")) return "raw"
  if (inner.startsWith("^")) return inner.slice(1).trim() === "" ? "else" : "open"
  // Handlebars's lexer takes every name that begins with "else" for the keyword.
  return inner.trimStart().startsWith("else") ? "else" : "value"
}

const commentEnd = (text: string, start: number): number => {
  const long = /^\{\{~?!--/.test(text.slice(start, start + 6))
  const pattern = long ? /--~?\}\}/g : /\}\}/g
  pattern.lastIndex = start
  return pattern.test(text) ? pattern.lastIndex : -1
}

/**
 * All Handlebars tags of a text in order, found by the rules of Handlebars' lexer.
 *
 * Raw blocks (`{{{{`), escaped tags (`\{{`), partial blocks and decorators are issues: nothing in a mail needs them.
 */
export const scanTags = (text: string): ScannedTags => {
  const tags: Array<TemplateTag> = []
  const issues: Array<Issue> = []
  const refuse = (at: number, message: string): void => void issues.push({ path: String(at), message })
  let at = text.indexOf("{{")
  while (at >= 0) {
    if (tags.length > limits.compiledTags) {
      refuse(at, `has more than ${limits.tags} Handlebars tags: split the template`)
      break
    }
    if (text[at - 1] === "\\") refuse(at, "\\{{ is not supported: write &#123;&#123; for two literal braces")
    if (text.startsWith("{{{{", at)) {
      refuse(at, "raw blocks ({{{{) are not supported")
      break
    }
    const opening = /^\{\{~?\{?/.exec(text.slice(at, at + 4))?.[0] ?? "{{"
    const isComment = text
      .slice(at, at + 4)
      .replace("~", "")
      .startsWith("{{!")
    const isTriple = !isComment && /\{\{~?\{$/.test(opening)
    let end = isComment ? commentEnd(text, at) : endOfTag(text, at + opening.length)
    if (end < 0) {
      refuse(at, `a Handlebars tag is not closed, or is longer than ${limits.tagChars} characters: close it with }}`)
      break
    }
    const closing = text.slice(end - 3, end) === "~}}" ? 3 : 2
    const inner = text.slice(at + opening.length, end - closing).replace(isTriple ? /\}$/ : /^$/, "")
    // `}}}` and `}~}}` end a triple tag: the scan above stops at the first pair of braces.
    if (isTriple && text[end] === "}") end += 1
    const kind = isComment ? "comment" : isTriple ? "raw" : kindOf(inner)
    if (kind === "refused")
      refuse(at, "decorators and partial blocks are not supported: put the text into a partial and use {{> name}}")
    tags.push({ kind, text: text.slice(at, end), inner: inner.replace(/^[#/>&^]/, "").trim(), start: at, end })
    at = text.indexOf("{{", end)
  }
  return { tags, issues }
}
