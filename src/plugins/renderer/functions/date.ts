import { boundedCache } from "../bounded-cache.ts"
import { badArgument, namedText, quoted, type TemplateFunction } from "./function-call.ts"

const styles: Readonly<Record<string, Intl.DateTimeFormatOptions>> = {
  short: { dateStyle: "short" },
  medium: { dateStyle: "medium" },
  long: { dateStyle: "long" },
  full: { dateStyle: "full" },
  time: { timeStyle: "short" },
  datetime: { dateStyle: "medium", timeStyle: "short" },
}

const formats = boundedCache(200, (locale = "", zone = "", style = "") => {
  return new Intl.DateTimeFormat(locale, { ...styles[style], timeZone: zone })
})

const dateOnly = /^\d{4}-\d{2}-\d{2}$/
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/

const instantOf = (value: unknown): number => {
  if (typeof value === "number") return value
  if (typeof value === "string") {
    const text = value.trim()
    if (/^-?\d{9,15}$/.test(text)) return Number(text)
    if (dateOnly.test(text) || dateTime.test(text)) {
      const instant = Date.parse(text)
      // Date.parse turns 2026-02-30 into March.
      if (!Number.isNaN(instant) && (!dateOnly.test(text) || new Date(instant).toISOString().startsWith(text)))
        return instant
    }
  }
  throw badArgument("date", `${quoted(value)} is no date: give 2026-03-31, 2026-03-31T09:00:00Z or epoch milliseconds`)
}

/** `{{date value "long"}}`: a date in the mail's language and zone. A date without a time is that day in every zone. */
export const date: TemplateFunction = ({ frame, named }, value, ...rest) => {
  const [format = named.format, zone = named.zone, locale = named.locale] = rest
  const style = namedText("date", "format", format) ?? "medium"
  if (!Object.hasOwn(styles, style))
    throw badArgument("date", `${quoted(style)} is no format: use ${Object.keys(styles).join(", ")}`)
  const instant = instantOf(value)
  const isDay = typeof value === "string" && dateOnly.test(value.trim())
  if (isDay && (style === "time" || style === "datetime"))
    throw badArgument("date", `${quoted(value)} has no time of day`)
  const timeZone = isDay ? "UTC" : (namedText("date", "zone", zone) ?? frame.timeZone)
  const language = namedText("date", "locale", locale) ?? frame.locale
  try {
    return formats(language, timeZone, style).format(instant)
  } catch (error) {
    throw badArgument(
      "date",
      `${error instanceof Error ? error.message : "cannot be formatted"} (zone ${quoted(timeZone)}, locale ${quoted(language)})`,
    )
  }
}
