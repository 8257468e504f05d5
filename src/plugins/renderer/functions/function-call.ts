import type { MailFrame } from "../mail-frame.ts"
import { failure, type RenderFailure } from "../render-failure.ts"

/** What a template function gets beside its arguments. */
export interface FunctionCall {
  readonly frame: MailFrame
  readonly named: Readonly<Record<string, unknown>>
}

/** A function of templates: pure, gives text. Undefined arguments were already reported as missing. */
export type TemplateFunction = (call: FunctionCall, ...args: ReadonlyArray<unknown>) => string

/** The failure of one call, naming the function. */
export const badArgument = (name: string, message: string): RenderFailure =>
  failure("bad-argument", name, `${name}: ${message}`)

/** A named argument that must be text. */
export const namedText = (name: string, key: string, value: unknown): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value === "string" && value !== "") return value
  throw badArgument(name, `${key}= must be a text`)
}

/**
 * The shape of a lead's value for a message: `"00.00.0000"` for `"31.03.2026"`. Enough to see what is wrong with it, and
 * nothing of the person: messages are kept in histories, which outlive a lead.
 */
export const shapeOf = (value: unknown): string =>
  typeof value === "object"
    ? "a list or an object"
    : JSON.stringify(
        String(value)
          .slice(0, 40)
          .replace(/\p{L}/gu, (letter) => (/\p{Lu}/u.test(letter) ? "A" : "a"))
          .replace(/\p{N}/gu, "0"),
      )

/** A value for a message: short, on one line. */
export const quoted = (value: unknown): string =>
  typeof value === "object" ? "a list or an object" : JSON.stringify(String(value).slice(0, 40))
