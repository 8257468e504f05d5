import type { PreflightWarning } from "sendstate"
import { countText } from "./duration-text.ts"
import { type Output, printable } from "./output.ts"

/** `hello: ...`, and how many mails it is about where not all are meant. */
const warningText = ({ template, message, mails }: PreflightWarning): string =>
  template === undefined ? message : `${template}: ${message} (${countText(mails, "mail")})`

/** Lists what may keep mails from being read. */
export const writeWarnings = (output: Output, warnings: ReadonlyArray<PreflightWarning>): void => {
  if (warnings.length === 0) return
  output.line(`  ${output.style("yellow", countText(warnings.length, "warning"))}, nothing is kept from being sent:`)
  for (const warning of warnings) output.line(`    ${printable(warningText(warning))}`)
}

/** Those of several checks as one: counted together. */
export const mergeWarnings = (
  before: ReadonlyArray<PreflightWarning>,
  more: ReadonlyArray<PreflightWarning>,
): ReadonlyArray<PreflightWarning> => {
  const merged = new Map(before.map((one) => [`${one.code} ${one.template}`, one]))
  for (const one of more) {
    const key = `${one.code} ${one.template}`
    const known = merged.get(key)
    merged.set(key, known === undefined ? one : { ...known, mails: known.mails + one.mails })
  }
  return [...merged.values()]
}

/** As JSON; the position of a lead means nothing outside of the check. */
export const warningObjects = (warnings: ReadonlyArray<PreflightWarning>): ReadonlyArray<object> =>
  warnings.map(({ code, message, template = null, mails }) => ({ code, template, mails, message }))
