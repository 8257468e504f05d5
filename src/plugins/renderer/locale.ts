import { boundedCache } from "./bounded-cache.ts"

// Asked for every mail; Intl takes longer for it than Handlebars for a mail's subject.
const canonical = boundedCache(500, (tag = ""): string | null => {
  try {
    return Intl.getCanonicalLocales(tag.trim().replaceAll("_", "-"))[0] ?? null
  } catch {
    // Intl says "not a locale" by throwing; here that is an answer.
    return null
  }
})

/** The canonical form of a BCP 47 tag (`pt-br` gives `pt-BR`), or undefined when it is none. */
export const canonicalLocale = (tag: string): string | undefined => canonical(tag) ?? undefined

/**
 * The locale of `available` that fits best: the same one, else shorter and shorter (`zh-Hant-TW`, `zh-Hant`, `zh`), else none,
 * which means the template itself. As RFC 4647 3.4 (lookup).
 */
export const bestLocale = (wanted: string | undefined, available: ReadonlySet<string>): string | undefined => {
  let tag = wanted === undefined ? undefined : canonicalLocale(wanted)
  while (tag !== undefined) {
    if (available.has(tag)) return tag
    const cut = tag.lastIndexOf("-")
    tag = cut < 0 ? undefined : tag.slice(0, cut)
  }
  return undefined
}

/**
 * The locale in which dates and numbers fit a text: the lead's when it is of the text's language (`en-GB` in English), else
 * the text's own. An Arabic date, or the plural rule of Arabic, in an English sentence would be wrong for everybody.
 */
export const formatLocale = (wanted: string | undefined, language: string | null): string => {
  if (language === null) return wanted ?? "en"
  return wanted?.split("-")[0] === language.split("-")[0] ? (wanted ?? language) : language
}
