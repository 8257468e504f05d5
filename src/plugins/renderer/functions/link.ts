import { failure } from "../render-failure.ts"
import { badArgument, shapeOf, type TemplateFunction } from "./function-call.ts"

const allowed = /^(?:https?:\/\/[^\s/]|mailto:|tel:|cid:)/i

/** A value inside a link, percent-encoded: `&` and `+` of an address must not become parts of the query. */
export const urlPart: TemplateFunction = (_, value) => {
  const text = String(value ?? "")
  // Most ids and addresses need nothing.
  if (/^[\w.~@/-]*$/.test(text)) return text
  try {
    return encodeURIComponent(text)
      .replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%2F", "/")
      .replaceAll("%40", "@")
  } catch {
    throw badArgument("link", `${shapeOf(value)} is not valid Unicode text`)
  }
}

/** The whole value of a link attribute, as rendered: refused unless it is empty or has a known scheme. */
export const checkUrl = (rendered: string): string => {
  if (rendered === "" || allowed.test(rendered)) return rendered
  throw failure(
    "unsafe-url",
    "",
    `the link ${shapeOf(rendered)} is not allowed: links are https:, http:, mailto: or tel:`,
  )
}

/** A value inside a style: words, numbers, colours. */
export const cssValue: TemplateFunction = (_, value) => {
  const text = String(value ?? "")
  if (/^[\w\s#.,%+-]*$/.test(text)) return text
  throw failure(
    "unsafe-style",
    "",
    `${shapeOf(text)} cannot stand in a style: only letters, digits, spaces and # . , % + - _`,
  )
}

/** A value inside `url(...)`. */
export const cssUrl: TemplateFunction = (_, value) => {
  const text = String(value ?? "")
  if (text !== "" && !/^https?:\/\/[^\s/]/i.test(text))
    throw failure("unsafe-url", "", `the image ${shapeOf(text)} is not allowed: give an https: address`)
  return text.replace(/["'()\\\s]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)
}
