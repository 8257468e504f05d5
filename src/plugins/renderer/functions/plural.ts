import { boundedCache } from "../bounded-cache.ts"
import { badArgument, namedText, type TemplateFunction } from "./function-call.ts"
import { formatNumber, numberOf } from "./number.ts"

const rules = boundedCache(100, (locale = "") => new Intl.PluralRules(locale))

/** `{{plural days one="# day" other="# days"}}`: the text for the number's plural category, `#` being the number. */
export const plural: TemplateFunction = (call, value) => {
  const count = numberOf("plural", value)
  const locale = namedText("plural", "locale", call.named.locale) ?? call.frame.locale
  const category = rules(locale).select(count)
  const text = call.named[category] ?? call.named.other
  if (typeof text !== "string") throw badArgument("plural", `${category}= must be a text`)
  return text.replaceAll("#", () => formatNumber("plural", call, count, ""))
}
