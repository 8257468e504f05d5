import type { Issue } from "../../sdk/errors.ts"
import { limits } from "./limits.ts"
import { scanTags } from "./template-tag.ts"

/** A text with its partials inserted, which still knows where each character came from. */
export interface ExpandedText {
  readonly text: string
  readonly issues: ReadonlyArray<Issue>
  /** `mjml:12` or `partials.header:3`: source and line of an offset. */
  readonly pathAt: (offset: number) => string
}

interface Piece {
  /** Offset in the expanded text. */
  readonly at: number
  readonly path: string
  readonly line: number
}

const partialName = /^[\w-]+(?:\/[\w-]+)*$/

const countLines = (text: string, from: number, to: number): number => {
  let lines = 0
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) lines += 1
  return lines
}

/**
 * Inserts `{{> name}}` as text, so that MJML partials are there before MJML is compiled.
 *
 * @param suffix appended to the name when a partial is looked up (`.txt` for text parts)
 */
export const expandPartials = (
  source: string,
  path: string,
  partials: Readonly<Record<string, string>>,
  suffix = "",
): ExpandedText => {
  let text = ""
  const pieces: Array<Piece> = []
  const issues: Array<Issue> = []
  let tooLong = false
  let inserted = 0

  const append = (part: string, from: string, line: number): void => {
    pieces.push({ at: text.length, path: from, line })
    text += part
    inserted += 1
    // The number is limited as well: partials without text can double at each level and never grow long.
    if ((text.length > limits.sourceChars || inserted > limits.tags) && !tooLong) {
      tooLong = true
      issues.push({
        path,
        message: `with its partials is longer than ${limits.sourceChars} characters or inserts more than ${limits.tags} of them: make it shorter`,
      })
    }
  }

  const insert = (part: string, from: string, stack: ReadonlyArray<string>): void => {
    const scanned = scanTags(part)
    for (const issue of scanned.issues)
      issues.push({ path: `${from}:${countLines(part, 0, Number(issue.path)) + 1}`, message: issue.message })
    let at = 0
    let line = 1
    for (const tag of scanned.tags) {
      if (tag.kind !== "partial") continue
      if (tooLong) return
      append(part.slice(at, tag.start), from, line)
      line += countLines(part, at, tag.end)
      at = tag.end
      const content = Object.hasOwn(partials, tag.inner + suffix) ? partials[tag.inner + suffix] : undefined
      const refusal = !partialName.test(tag.inner)
        ? `${tag.text}: a partial has a plain name and takes no values; it sees the variables of the place where it stands`
        : stack.includes(tag.inner)
          ? `${tag.text}: the partial contains itself (${[...stack, tag.inner].join(" > ")})`
          : stack.length >= limits.partialDepth
            ? `${tag.text}: partials are nested deeper than ${limits.partialDepth}`
            : content === undefined
              ? `${tag.text}: there is no partial of that name: add partials/${tag.inner}${suffix}`
              : undefined
      if (refusal !== undefined) issues.push({ path: `${from}:${line}`, message: refusal })
      else insert((content ?? "").replace(/\r?\n$/, ""), `partials.${tag.inner}${suffix}`, [...stack, tag.inner])
    }
    if (!tooLong) append(part.slice(at), from, line)
  }

  insert(source, path, [])
  const pathAt = (offset: number): string => {
    const piece = pieces.findLast((candidate) => candidate.at <= offset) ?? { at: 0, path, line: 1 }
    return `${piece.path}:${piece.line + countLines(text, piece.at, offset)}`
  }
  return { text, issues, pathAt }
}
