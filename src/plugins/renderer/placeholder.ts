import type { TemplateTag } from "./template-tag.ts"

/** A text in which each Handlebars tag is a word that no MJML, CSS or HTML tool takes apart. */
export interface MaskedText {
  readonly text: string
  /** Matches one placeholder; group 1 is the index into `tags`. Global: copy it before use with state. */
  readonly pattern: RegExp
  readonly tags: ReadonlyArray<TemplateTag>
  /** The text with the tags back in place. */
  readonly unmask: (text: string) => string
}

const unusedPrefix = (text: string): string => {
  let prefix = "hbtag"
  while (text.includes(prefix)) prefix += "x"
  return prefix
}

/**
 * The text with each tag replaced by a placeholder; comments vanish.
 *
 * MJML would drop, move or escape parts of a tag (quotes inside an attribute, `<` in a comparison). A word of letters and
 * digits passes through it, through CSS inlining and through html-to-text, and comes back exactly.
 */
export const maskTags = (text: string, tags: ReadonlyArray<TemplateTag>): MaskedText => {
  const prefix = unusedPrefix(text)
  let masked = ""
  let from = 0
  tags.forEach((tag, index) => {
    masked += text.slice(from, tag.start)
    if (tag.kind !== "comment") masked += `${prefix}${String(index).padStart(5, "0")}z`
    from = tag.end
  })
  masked += text.slice(from)
  const pattern = new RegExp(`${prefix}(\\d{5})z`, "g")
  const unmask = (changed: string): string => changed.replace(pattern, (_, index) => tags[Number(index)]?.text ?? "")
  return { text: masked, pattern, tags, unmask }
}

/** For each index in the sequence: the blocks (and their branches) that it stands in, as one string. */
export const nestingOf = (
  sequence: ReadonlyArray<number>,
  tags: ReadonlyArray<TemplateTag>,
): ReadonlyArray<{ readonly index: number; readonly inside: string }> => {
  const open: Array<number> = []
  return sequence.map((index) => {
    const kind = tags[index]?.kind
    if (kind === "close" || kind === "else") open.pop()
    const inside = open.join("/")
    if (kind === "open" || kind === "else") open.push(index)
    return { index, inside }
  })
}

/** The placeholders of a text in order, as indexes. */
export const placeholdersIn = (text: string, masked: MaskedText): ReadonlyArray<number> =>
  [...text.matchAll(masked.pattern)].map((match) => Number(match[1]))

/** A tag that a conversion lost, or moved into or out of a block. */
export interface DisplacedTag {
  readonly tag: TemplateTag
  readonly how: "lost" | "moved"
}

/**
 * The tags of which `converted` does not hold every copy in the same blocks as before.
 *
 * A closing tag without its opening one would change what a mail says without any error (MJML drops text between components).
 */
export const displacedTags = (masked: MaskedText, converted: string): ReadonlyArray<DisplacedTag> => {
  const before = new Map(
    nestingOf(placeholdersIn(masked.text, masked), masked.tags).map(({ index, inside }) => [index, inside]),
  )
  const seen = new Set<number>()
  const moved = new Set<number>()
  for (const { index, inside } of nestingOf(placeholdersIn(converted, masked), masked.tags)) {
    seen.add(index)
    if (before.get(index) !== inside) moved.add(index)
  }
  return masked.tags.flatMap((tag, index): ReadonlyArray<DisplacedTag> => {
    if (tag.kind === "comment") return []
    if (!seen.has(index)) return [{ tag, how: "lost" }]
    return moved.has(index) ? [{ tag, how: "moved" }] : []
  })
}
