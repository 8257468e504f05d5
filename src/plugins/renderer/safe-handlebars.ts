import Handlebars from "handlebars"
import { date } from "./functions/date.ts"
import type { TemplateFunction } from "./functions/function-call.ts"
import { checkUrl, cssUrl, cssValue, urlPart } from "./functions/link.ts"
import { currency, number } from "./functions/number.ts"
import { plural } from "./functions/plural.ts"
import { isMissing, type MailFrame } from "./mail-frame.ts"
import type { RenderData } from "./render-data.ts"
import { failure } from "./render-failure.ts"
import { printedValue, requiredValue, requireValues } from "./required-value.ts"
import type { Program } from "./syntax-tree.ts"
import { internalCalls, publicCalls } from "./template-call.ts"

/** A template as a function of a mail's values. */
export type RenderPart = (data: RenderData, frame: MailFrame) => string

interface HelperOptions {
  readonly hash: Readonly<Record<string, unknown>>
  readonly data: { readonly frame: MailFrame }
  readonly fn: (context: unknown, options?: unknown) => string
  readonly inverse: (context: unknown) => string
}

const frameOf = (options: HelperOptions): MailFrame => options.data.frame

const required = (value: unknown, name: string, options: HelperOptions): unknown => {
  if (isMissing(value)) frameOf(options).missing.add(name)
  return value
}

const printed = (value: unknown, name: string, options: HelperOptions): string => {
  const frame = frameOf(options)
  if (isMissing(value)) {
    frame.missing.add(name)
    return ""
  }
  if (typeof value === "object")
    throw failure("not-a-text", name, `${name} is a list or an object: use {{#each}} or name one of its values`)
  return frame.write(String(value))
}

const withDefault = (...args: ReadonlyArray<unknown>): string => {
  const options = args.at(-1) as HelperOptions
  const values = args.slice(0, -2)
  const name = args.at(-2)
  const found = values.find((value) => !isMissing(value))
  if (found === undefined && typeof name === "string" && name !== "") frameOf(options).missing.add(name)
  if (typeof found === "object") throw failure("not-a-text", "default", "default: the value is a list or an object")
  return frameOf(options).write(found === undefined ? "" : String(found))
}

// Values of a CSV are text: "3" equals 3.
const eq = (left: unknown, right: unknown): boolean =>
  left === right ||
  (!isMissing(left) && !isMissing(right) && typeof left !== "object" && String(left) === String(right))

const safeUrl = function (this: unknown, options: HelperOptions): string {
  const rendered = options.fn(this)
  // A link with a missing value is reported as missing, not as unsafe.
  return frameOf(options).missing.size > 0 ? rendered : checkUrl(rendered)
}

const helperOf =
  (run: TemplateFunction) =>
  (...args: ReadonlyArray<unknown>): string => {
    const options = args.at(-1) as HelperOptions
    const values = args.slice(0, -1)
    const frame = frameOf(options)
    // Reported by `required` already: render on, so that all missing ones are found.
    if (frame.missing.size > 0 && values.some(isMissing)) return ""
    return frame.write(run({ frame, named: options.hash }, ...values))
  }

/** Handlebars' own `each` with its rounds counted. */
const countRounds = (each: (this: unknown, context: unknown, options: HelperOptions) => string) =>
  function (this: unknown, context: unknown, options: HelperOptions): string {
    const frame = frameOf(options)
    const fn = (item: unknown, more?: unknown): string => {
      const text = options.fn(item, more)
      frame.round(text.length)
      return text
    }
    return each.call(this, context, { ...options, fn })
  }

/**
 * A Handlebars of its own that knows the functions of publicCalls and nothing else: no log, no lookup, no partials,
 * no decorators, no helper from the data.
 */
const isolated = (): typeof Handlebars => {
  const instance = Handlebars.create()
  const each = instance.helpers.each
  for (const name of Object.keys(instance.helpers))
    if (!["if", "unless", "with"].includes(name)) instance.unregisterHelper(name)
  for (const name of Object.keys(instance.decorators)) instance.unregisterDecorator(name)
  if (each !== undefined) instance.registerHelper("each", countRounds(each))
  instance.registerHelper({
    [requiredValue]: required,
    [printedValue]: printed,
    default: withDefault,
    eq,
    date: helperOf(date),
    number: helperOf(number),
    currency: helperOf(currency),
    plural: helperOf(plural),
    "url-part": helperOf(urlPart),
    "css-value": helperOf(cssValue),
    "css-url": helperOf(cssUrl),
    "safe-url": safeUrl,
  })
  return instance
}

let instance: typeof Handlebars | undefined

/**
 * Compiles a checked syntax tree in this process.
 *
 * @param isHtml whether values are escaped for HTML (not in subjects and texts)
 */
export const compilePart = (program: Program, isHtml: boolean): RenderPart => {
  instance ??= isolated()
  const names = [requiredValue, printedValue, ...Object.keys(publicCalls), ...Object.keys(internalCalls)]
  const template = instance.compile<RenderData>(requireValues(program), {
    knownHelpers: Object.fromEntries(names.map((name) => [name, true])),
    knownHelpersOnly: true,
    noEscape: !isHtml,
    preventIndent: true,
  })
  return (data, frame) => template(data, { data: { frame } })
}
