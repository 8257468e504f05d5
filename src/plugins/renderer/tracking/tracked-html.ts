import type { RenderInput } from "../../../sdk/renderer/renderer.ts"
import { type MarkupToken, readMarkup } from "../markup.ts"
import { applyEdits, type ContextEdit } from "../value-context.ts"
import { attributeText } from "./attribute-text.ts"

/** How the HTML of one mail is tracked. */
export interface HtmlTracking {
  readonly sign: NonNullable<RenderInput["sign"]>
  /** Ends without a slash. */
  readonly baseUrl: string
  readonly opens: boolean
  readonly clicks: boolean
  readonly executionId: string
  /** Never led through us: whoever wants no more mail does not depend on it. */
  readonly unsubscribeUrl: string | undefined
}

// A longer one would make a token that no handler reads.
const longestUrlBytes = 2_000

// `v:` are Outlook's buttons.
const isLink = (name: string): boolean => name === "a" || name === "area" || name.startsWith("v:")

const isTracked = (url: string, { baseUrl, unsubscribeUrl }: HtmlTracking): boolean =>
  /^https?:\/\//i.test(url) &&
  URL.canParse(url) &&
  url !== unsubscribeUrl &&
  !url.startsWith(`${baseUrl}/`) &&
  Buffer.byteLength(url) <= longestUrlBytes

const linkEdits = (token: MarkupToken, tracking: HtmlTracking): ReadonlyArray<ContextEdit> => {
  if (token.kind !== "open" || !isLink(token.name)) return []
  if (token.attributes.some(({ name }) => name === "data-untracked")) return []
  return token.attributes.flatMap(({ name, value, start }) => {
    const url = attributeText(value).trim()
    if (name !== "href" || !isTracked(url, tracking)) return []
    const signed = tracking.sign("click/1", [tracking.executionId, url])
    return [{ start, end: start + value.length, text: `${tracking.baseUrl}/${signed}` }]
  })
}

const pixel = ({ baseUrl, sign, executionId }: HtmlTracking): string =>
  `<img src="${baseUrl}/${sign("open/1", [executionId])}" width="1" height="1" alt="" style="display:block;border:0">`

/** The HTML with its links led through the tracking URL, and an image at its end that tells that it was opened. */
export const trackedHtml = (html: string, tracking: HtmlTracking): string => {
  const tokens = readMarkup(html)
  const end = tokens.findLast((token) => token.kind === "close" && token.name === "body")?.start ?? html.length
  return applyEdits(html, [
    ...(tracking.clicks ? tokens.flatMap((token) => linkEdits(token, tracking)) : []),
    ...(tracking.opens ? [{ start: end, end, text: pixel(tracking) }] : []),
  ])
}
