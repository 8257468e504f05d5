import type { Finding } from "./warnings.ts"

const linkPattern = /<(a|area|img|v:[a-z]+)\b[^>]*?\s(href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')/gi
const localHost = /^https?:\/\/(localhost|127\.|10\.|192\.168\.|\[::1\]|[^/:]+\.local(?=[/:]|$))/i

// No more of it: the rest may be about the person.
const hostOf = (url: string): string => /^https?:\/\/[^/?#]{1,100}/i.exec(url)?.[0] ?? ""

const findingOf = (element: string, url: string): Finding | undefined => {
  const isLink = element !== "img"
  if (url === "" || (isLink && url === "#"))
    return isLink
      ? { code: "link-empty", message: "A link leads nowhere: its address is empty or #." }
      : { code: "image-empty", message: "An image has no address." }
  if (localHost.test(url))
    return { code: "link-local", message: `${hostOf(url)} can only be reached from your own network.` }
  if (/^http:\/\//i.test(url))
    return {
      code: "link-insecure",
      message: `${hostOf(url)} is not https: mail programs warn of such links, and do not show such images.`,
    }
  if (!/^([a-z][a-z0-9+.-]*:|#)/i.test(url))
    return { code: "link-relative", message: "An address has no https:// and host: in a mail it leads nowhere." }
  return undefined
}

/** What is wrong with the links and images of a mail. Each kind once. */
export const checkLinks = (html: string): ReadonlyArray<Finding> => {
  const found = new Map<string, Finding>()
  for (const [, element = "", , double, single] of html.matchAll(linkPattern)) {
    const finding = findingOf(element.toLowerCase(), (double ?? single ?? "").trim())
    if (finding !== undefined && !found.has(finding.code)) found.set(finding.code, finding)
  }
  return [...found.values()]
}
