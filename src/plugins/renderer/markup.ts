/** One attribute of a tag. */
export interface MarkupAttribute {
  readonly name: string
  readonly value: string
  /** False for `a=b` and for an attribute without value. */
  readonly quoted: boolean
  /** Offset of the value (of the name, when there is no value). */
  readonly start: number
}

/** One piece of MJML or HTML. */
export type MarkupToken =
  | {
      readonly kind: "open"
      readonly name: string
      readonly selfClosing: boolean
      readonly attributes: ReadonlyArray<MarkupAttribute>
      readonly start: number
      readonly end: number
    }
  | { readonly kind: "close"; readonly name: string; readonly start: number; readonly end: number }
  /** A `<` with a name after it that never becomes a tag: an unclosed quote or a missing `>`. */
  | { readonly kind: "broken"; readonly start: number; readonly end: number }
  | { readonly kind: "comment"; readonly text: string; readonly start: number; readonly end: number }
  /** Content of an element whose content is no markup. */
  | {
      readonly kind: "rawText"
      readonly name: string
      readonly text: string
      readonly start: number
      readonly end: number
    }

// Not noscript: mail readers run no scripts and show what is in it.
const rawTextElements = new Set(["style", "script", "mj-style", "title", "textarea", "xmp"])
const attributePattern = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+)))?/g
// A tag ends at the first > outside quotes.
const tagPattern = /<(\/?)([A-Za-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^"'>])*)>/y

const attributesOf = (text: string, offset: number): ReadonlyArray<MarkupAttribute> =>
  [...text.matchAll(attributePattern)].map((match) => {
    const value = match[2] ?? match[3]
    const bare = match[4]
    const found = value ?? bare ?? ""
    return {
      name: (match[1] ?? "").toLowerCase(),
      value: found,
      quoted: value !== undefined,
      start: offset + match.index + (match[0].length - found.length - (value === undefined ? 0 : 1)),
    }
  })

/**
 * Reads MJML or HTML into tags, comments and raw texts.
 *
 * Outlook's conditional comments count as markers, so that the markup inside them is read too: Outlook shows it.
 */
export const readMarkup = (text: string): ReadonlyArray<MarkupToken> => {
  const tokens: Array<MarkupToken> = []
  let at = text.indexOf("<")
  while (at >= 0) {
    let end = at + 1
    const conditional = /^<!(?:--)?\[[^\]>]*\](?:--)?>/.exec(text.slice(at, at + 200))
    if (conditional) end = at + conditional[0].length
    else if (text.startsWith("<!-->", at)) end = at + 5
    else if (text.startsWith("<!--", at)) {
      const close = text.indexOf("-->", at + 4)
      end = close < 0 ? text.length : close + 3
      tokens.push({ kind: "comment", text: text.slice(at + 4, close < 0 ? end : close), start: at, end })
    } else {
      tagPattern.lastIndex = at
      const match = tagPattern.exec(text)
      if (match) {
        end = tagPattern.lastIndex
        const name = (match[2] ?? "").toLowerCase()
        const rest = match[3] ?? ""
        if (match[1] === "/") tokens.push({ kind: "close", name, start: at, end })
        else {
          const selfClosing = rest.endsWith("/")
          const attributes = attributesOf(rest, at + 1 + (match[2] ?? "").length)
          tokens.push({ kind: "open", name, selfClosing, attributes, start: at, end })
          if (rawTextElements.has(name) && !selfClosing) {
            const close = new RegExp(`</${name}\\s*>`, "gi")
            close.lastIndex = end
            const found = close.exec(text)?.index ?? text.length
            tokens.push({ kind: "rawText", name, text: text.slice(end, found), start: end, end: found })
            end = found
          }
        }
      } else if (/^<\/?[A-Za-z]/.test(text.slice(at, at + 3))) tokens.push({ kind: "broken", start: at, end })
    }
    at = text.indexOf("<", end)
  }
  return tokens
}
