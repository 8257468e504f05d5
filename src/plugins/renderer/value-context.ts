import type { MarkupAttribute, MarkupToken } from "./markup.ts"
import type { MaskedText } from "./placeholder.ts"
import type { TemplateTag } from "./template-tag.ts"

/** A piece of masked text to be replaced by a tag that knows where its value goes. */
export interface ContextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What the places of values in a text mean. */
export interface ValueContexts {
  readonly issues: ReadonlyArray<{ readonly offset: number; readonly message: string }>
  readonly edits: ReadonlyArray<ContextEdit>
}

const refusedElements = new Set(["script", "iframe", "object", "embed", "applet", "base", "frame", "frameset"])
const urlAttribute =
  /^(?:href|src|srcset|action|formaction|background|poster|data|cite|longdesc|xlink:href)$|-(?:href|src|url)$/
const literalUrl = /^(?:https?:\/\/|mailto:|tel:|cid:|#|$)/i
const fixedScheme = /^(?:https?:\/\/|mailto:|tel:)/i
const schemes = "links are https:, http:, mailto: or tel: (cid: for attached images)"

const isRefresh = ({ name, value }: MarkupAttribute): boolean => name === "http-equiv" && /refresh/i.test(value)

/** The tag with its value handed through an internal call. */
const through = (call: string, tag: TemplateTag): string => {
  const isPath = !/\s/.test(tag.inner) || /^\[[^\]]*\]$/.test(tag.inner)
  const open = tag.text.startsWith("{{~") ? "{{~" : "{{"
  const close = tag.text.endsWith("~}}") ? "~}}" : "}}"
  return `${open}${call} ${isPath ? tag.inner : `(${tag.inner})`}${close}`
}

/**
 * Finds where values go in masked MJML or HTML and what each place needs.
 *
 * HTML escaping alone is not enough inside a link (`javascript:`), a query (`&`, `+`) or a style, and not at all outside quotes.
 * Values there are handed through an internal call; what cannot be made safe, and literals that are not, are issues.
 */
export const valueContexts = (tokens: ReadonlyArray<MarkupToken>, masked: MaskedText): ValueContexts => {
  const issues: Array<{ offset: number; message: string }> = []
  const edits: Array<ContextEdit> = []
  const refuse = (offset: number, message: string): void => void issues.push({ offset, message })

  const placesIn = (text: string, offset: number) =>
    [...text.matchAll(masked.pattern)].flatMap((match) => {
      const tag = masked.tags[Number(match[1])]
      const start = offset + match.index
      return tag === undefined ? [] : [{ tag, start, end: start + match[0].length, before: text.slice(0, match.index) }]
    })
  const withoutTags = (text: string): string => text.replace(masked.pattern, "")

  const url = (attribute: MarkupAttribute): void => {
    const places = placesIn(attribute.value, attribute.start)
    const literal = attribute.value.trim()
    if (places.length === 0) {
      if (!literalUrl.test(literal))
        refuse(attribute.start, `${attribute.name}="${literal.slice(0, 60)}" is not allowed: ${schemes}`)
      return
    }
    const prefix = places[0]?.before ?? ""
    for (const { tag, start, end, before } of places) {
      if (tag.kind === "raw") refuse(start, `${tag.text}: a link cannot hold unescaped HTML`)
      const written = withoutTags(before)
      const isAfterHost = /[?#]/.test(written) || /^(?:https?:\/\/[^/]+\/|mailto:)/i.test(written)
      if (tag.kind === "value" && isAfterHost) edits.push({ start, end, text: through("url-part", tag) })
    }
    if (fixedScheme.test(prefix)) return
    const end = attribute.start + attribute.value.length
    edits.push({ start: attribute.start, end: attribute.start, text: "{{#safe-url}}" })
    edits.push({ start: end, end, text: "{{/safe-url}}" })
  }

  const style = (css: string, offset: number): void => {
    if (/(?:javascript|vbscript)\s*:|expression\s*\(|-moz-binding/i.test(css))
      refuse(offset, "scripts in styles are not allowed")
    for (const { tag, start, end, before } of placesIn(css, offset)) {
      if (tag.kind === "raw") refuse(start, `${tag.text}: a style cannot hold unescaped HTML`)
      if (tag.kind !== "value") continue
      const address = /url\(\s*['"]?([^)'"]*)$/i.exec(before)?.[1]
      if (address !== undefined && address !== "" && !/^https?:\/\//i.test(address))
        refuse(start, `${tag.text}: inside url(...) the address begins with https:// or is one variable`)
      const call = address === undefined ? "css-value" : address === "" ? "css-url" : "url-part"
      edits.push({ start, end, text: through(call, tag) })
    }
  }

  const attribute = (item: MarkupAttribute): void => {
    if (/^on[a-z]/.test(item.name)) refuse(item.start, `${item.name} is not allowed: mail runs no scripts`)
    for (const { tag } of placesIn(item.name, 0))
      if (tag.kind === "value" || tag.kind === "raw")
        refuse(item.start, `${tag.text} stands where an attribute's name belongs: put it into a quoted value`)
    if (!item.quoted && placesIn(item.value, 0).length > 0)
      refuse(item.start, `${item.name}=: put quotes around the value`)
    else if (urlAttribute.test(item.name)) url(item)
    else if (item.name === "style") style(item.value, item.start)
  }

  for (const token of tokens) {
    if (token.kind === "broken")
      refuse(token.start, "a tag is not closed: end it with >, or write &lt; for a literal <")
    if (token.kind === "open") {
      if (refusedElements.has(token.name)) refuse(token.start, `<${token.name}> is not allowed in a mail`)
      if (placesIn(token.name, 0).length > 0) refuse(token.start, "a tag's name cannot hold a variable")
      if (token.name === "meta" && token.attributes.some(isRefresh)) refuse(token.start, "a mail cannot refresh itself")
      for (const item of token.attributes) attribute(item)
    }
    if (token.kind === "rawText" && (token.name === "style" || token.name === "mj-style"))
      style(token.text, token.start)
  }
  return { issues, edits: edits.sort((a, b) => a.start - b.start || a.end - b.end) }
}

/** The text with the edits made; they are sorted and do not overlap. */
export const applyEdits = (text: string, edits: ReadonlyArray<ContextEdit>): string => {
  let result = ""
  let from = 0
  for (const edit of edits) {
    result += text.slice(from, edit.start) + edit.text
    from = edit.end
  }
  return result + text.slice(from)
}
