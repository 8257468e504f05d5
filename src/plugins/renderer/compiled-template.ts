import * as z from "zod"
import { limits } from "./limits.ts"

const body = z.strictObject({
  /** Handlebars. */
  subject: z.string().max(limits.sourceChars),
  /** Handlebars on plain HTML: MJML and partials are gone, values in links and styles go through internal calls. */
  html: z.string().max(limits.compiledChars),
  /** Handlebars; null when the text can only be derived from each rendered mail. */
  text: z.string().max(limits.compiledChars).nullable(),
  /** Whether the template brought its own text, which is then sent as it is written. */
  ownText: z.boolean(),
  htmlSafe: z.array(z.string()),
  /** Language of the words in the template, when it says so (`<mjml lang="en">`, or its locale). */
  language: z.string().nullable(),
})

/** The JSON that `compile` gives and `prepare` takes. No code in it: a changed store must not become a program. */
export const compiledTemplate = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  variables: z.array(z.string()),
  base: body,
  /** By canonical locale. */
  locales: z.record(z.string(), body),
})

/** A template's parts in one language, ready for Handlebars. */
export type CompiledBody = z.infer<typeof body>

/** A template in all its languages, ready for Handlebars. */
export type CompiledDocument = z.infer<typeof compiledTemplate>
