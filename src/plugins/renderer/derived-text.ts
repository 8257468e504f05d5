import { limits } from "./limits.ts"
import { type MaskedText, nestingOf, placeholdersIn } from "./placeholder.ts"
import { textOfHtml } from "./text-part.ts"
import type { ContextEdit } from "./value-context.ts"

/** Whether a part of a block survived without the rest of it. */
const isTornApart = (kept: ReadonlySet<number>, masked: MaskedText): boolean => {
  const open: Array<number> = []
  return masked.tags.some((tag, index) => {
    if (tag.kind === "open") open.push(index)
    const block = tag.kind === "close" ? open.pop() : open.at(-1)
    const isStructure = tag.kind === "close" || tag.kind === "else"
    return isStructure && block !== undefined && kept.has(block) !== kept.has(index)
  })
}

/** Handlebars takes away a line that holds one block tag only; a line of several would stay behind as an empty line. */
const blocksOnOwnLines = (text: string, masked: MaskedText): string =>
  text
    .split("\n")
    .map((line) => {
      const tags = placeholdersIn(line, masked)
      const isStructure = tags.every((index) => ["open", "else", "close"].includes(masked.tags[index]?.kind ?? ""))
      const holdsOnlyTags = line.replace(masked.pattern, "").trim() === ""
      return tags.length > 1 && isStructure && holdsOnlyTags ? (line.match(masked.pattern) ?? []).join("\n") : line
    })
    .join("\n")

/**
 * A Handlebars text template derived once from a masked HTML template, so that a mail's text part costs no HTML parsing.
 *
 * Null when that cannot be exact: a value is HTML itself, a block stands inside a tag so that only a part of it would
 * survive, or the text holds literal braces. Then each mail's text is derived from its HTML.
 */
export const derivedText = (html: string, masked: MaskedText, edits: ReadonlyArray<ContextEdit>): string | null => {
  if (masked.tags.some((tag) => tag.kind === "raw")) return null
  const text = textOfHtml(html)
  if (text.includes("{{") || text.length > limits.compiledChars) return null
  const before = new Map(nestingOf(placeholdersIn(html, masked), masked.tags).map((item) => [item.index, item.inside]))
  const kept = placeholdersIn(text, masked)
  if (nestingOf(kept, masked.tags).some(({ index, inside }) => before.get(index) !== inside)) return null
  if (isTornApart(new Set(kept), masked)) return null
  // Values inside links keep their encoding, so that both parts of the mail link to the same place.
  const encoded = new Map(
    edits.filter((edit) => edit.text.includes("url-part")).map((edit) => [html.slice(edit.start, edit.end), edit.text]),
  )
  const links = /<([^<>\s]*)>/g
  const linked = text.replace(links, (whole) =>
    whole.replace(masked.pattern, (placeholder) => encoded.get(placeholder) ?? placeholder),
  )
  return masked.unmask(blocksOnOwnLines(linked, masked))
}
