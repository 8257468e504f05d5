import type { MarkupToken } from "../markup.ts"

/** Something wrong with the tags of an MJML text. */
export interface StructureIssue {
  readonly offset: number
  readonly message: string
}

const voidElements = new Set("area base br col embed hr img input link meta param source track wbr".split(" "))
// HTML lets these end by themselves.
const optionalEnd = new Set("p li dt dd tr td th thead tbody tfoot colgroup option html head body".split(" "))

const isComponent = (name: string): boolean => name === "mjml" || name.startsWith("mj-")

interface OpenTag {
  readonly name: string
  readonly offset: number
}

/**
 * Unbalanced tags and `mj-include`. MJML itself accepts an unclosed tag even in strict mode, and drops includes without a word.
 *
 * @param holdsBlocks whether Handlebars blocks stand between two offsets: HTML in branches may look unbalanced and be right
 */
export const structureIssues = (
  tokens: ReadonlyArray<MarkupToken>,
  holdsBlocks: (from: number, to: number) => boolean,
): ReadonlyArray<StructureIssue> => {
  const issues: Array<StructureIssue> = []
  const open: Array<OpenTag> = []

  const closeComponent = (name: string, offset: number): void => {
    const start = open.findLastIndex((tag) => isComponent(tag.name))
    const component = open[start]
    if (component?.name !== name) {
      issues.push({
        offset,
        message:
          component === undefined
            ? `</${name}> closes nothing: remove it`
            : `</${name}> does not match <${component.name}>: close <${component.name}> first`,
      })
      return
    }
    for (const tag of open.splice(start).slice(1))
      if (!optionalEnd.has(tag.name) && !holdsBlocks(component.offset, offset))
        issues.push({ offset: tag.offset, message: `<${tag.name}> is not closed inside its <${name}>` })
  }

  for (const token of tokens) {
    if (token.kind === "open" && token.name === "mj-include")
      issues.push({
        offset: token.start,
        message: "mj-include is not supported: put the file into partials/ and write {{> name}}",
      })
    else if (token.kind === "open" && !token.selfClosing && !voidElements.has(token.name))
      open.push({ name: token.name, offset: token.start })
    else if (token.kind === "close" && isComponent(token.name)) closeComponent(token.name, token.start)
    else if (token.kind === "close" && token.name !== "mj-include") {
      const inside = open.findLastIndex((tag) => isComponent(tag.name))
      const match = open.findLastIndex((tag, index) => index > inside && tag.name === token.name)
      if (match >= 0) open.splice(match)
      else if (!optionalEnd.has(token.name) && !holdsBlocks(open[inside]?.offset ?? 0, token.start))
        issues.push({ offset: token.start, message: `</${token.name}> closes nothing inside its component` })
    }
  }
  for (const tag of open)
    if (isComponent(tag.name)) issues.push({ offset: tag.offset, message: `<${tag.name}> is not closed` })
  return issues
}
