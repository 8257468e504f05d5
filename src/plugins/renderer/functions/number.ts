import { boundedCache } from "../bounded-cache.ts"
import { badArgument, type FunctionCall, namedText, quoted, shapeOf, type TemplateFunction } from "./function-call.ts"

const formats = boundedCache(200, (locale = "", currencyCode = "", digits = "") => {
  const style: Intl.NumberFormatOptions = currencyCode === "" ? {} : { style: "currency", currency: currencyCode }
  const fraction = digits === "" ? {} : { minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) }
  return new Intl.NumberFormat(locale, { ...style, ...fraction })
})

/** The number that a value or a CSV field holds. */
export const numberOf = (name: string, value: unknown): number => {
  if (typeof value === "number") return value
  if (typeof value === "string" && /^\s*[+-]?(?:\d{1,18}(?:\.\d{1,15})?|\.\d{1,15})\s*$/.test(value))
    return Number(value)
  throw badArgument(name, `${shapeOf(value)} is no number: give 1234.5, without spaces or thousands separators`)
}

const digitsOf = (name: string, value: unknown): string => {
  if (value === undefined) return ""
  const digits = numberOf(name, value)
  if (!Number.isInteger(digits) || digits < 0 || digits > 15)
    throw badArgument(name, "digits= is a whole number from 0 to 15")
  return String(digits)
}

/** A number in the mail's language; `currencyCode` is empty for a plain number. */
export const formatNumber = (
  name: string,
  { frame, named }: FunctionCall,
  value: unknown,
  currencyCode: string,
): string => {
  const number = numberOf(name, value)
  const digits = digitsOf(name, named.digits)
  const locale = namedText(name, "locale", named.locale) ?? frame.locale
  try {
    return formats(locale, currencyCode, digits).format(number)
  } catch (error) {
    throw badArgument(name, error instanceof Error ? error.message : "cannot be formatted")
  }
}

/** `{{number count}}` */
export const number: TemplateFunction = (call, value) => formatNumber("number", call, value, "")

/** `{{currency balance "EUR"}}` */
export const currency: TemplateFunction = (call, value, code) => {
  if (typeof code !== "string" || !/^[A-Za-z]{3}$/.test(code))
    throw badArgument("currency", `${quoted(code)} is no currency: give three letters, like "EUR"`)
  return formatNumber("currency", call, value, code.toUpperCase())
}
