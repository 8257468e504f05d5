/** The canonical form of a BCP 47 tag (`pt-br` gives `pt-BR`), or undefined when it is none. */
export const canonicalLocale = (tag: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(tag.trim().replaceAll("_", "-"))[0]
  } catch {
    // Intl says "not a locale" by throwing; here that is an answer.
    return undefined
  }
}

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

/** Whether this Node knows the time zone. */
export const isTimeZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone })
    return true
  } catch {
    // As above: the exception is the answer.
    return false
  }
}
