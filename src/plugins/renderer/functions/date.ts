import { toInstant } from "../../../sdk/index.ts"
import { boundedCache } from "../bounded-cache.ts"
import { badArgument, namedText, quoted, shapeOf, type TemplateFunction } from "./function-call.ts"

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

interface Instant {
  readonly at: number
  /** A calendar day, the same in every zone. */
  readonly isDay: boolean
}

const readInstant = boundedCache(2_000, (text = ""): Instant | null => {
  const trimmed = text.trim()
  if (/^-?\d{9,15}$/.test(trimmed)) return { at: Number(trimmed), isDay: false }
  const isDay = dateOnly.test(trimmed)
  if (!isDay && !dateTime.test(trimmed)) return null
  const at = toInstant(trimmed)
  return at === undefined ? null : { at, isDay }
})

const instantOf = (value: unknown): Instant => {
  if (typeof value === "number") return { at: value, isDay: false }
  const instant = typeof value === "string" ? readInstant(value) : null
  if (instant !== null) return instant
  throw badArgument("date", `${shapeOf(value)} is no date: give 2026-03-31, 2026-03-31T09:00:00Z or epoch milliseconds`)
}

/** `{{date value "long"}}`: a date in the mail's language and zone. A date without a time is that day in every zone. */
export const date: TemplateFunction = ({ frame, named }, value, ...rest) => {
  const [format = named.format, zone = named.zone, locale = named.locale] = rest
  const style = namedText("date", "format", format) ?? "medium"
  if (!Object.hasOwn(styles, style))
    throw badArgument("date", `${quoted(style)} is no format: use ${Object.keys(styles).join(", ")}`)
  const { at, isDay } = instantOf(value)
  if (isDay && (style === "time" || style === "datetime"))
    throw badArgument("date", `${shapeOf(value)} has no time of day`)
  const timeZone = isDay ? "UTC" : (namedText("date", "zone", zone) ?? frame.timeZone)
  const language = namedText("date", "locale", locale) ?? frame.locale
  try {
    return formats(language, timeZone, style).format(at)
  } catch (error) {
    throw badArgument(
      "date",
      `${error instanceof Error ? error.message : "cannot be formatted"} (zone ${quoted(timeZone)}, locale ${quoted(language)})`,
    )
  }
}
