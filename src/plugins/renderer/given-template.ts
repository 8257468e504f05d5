import * as z from "zod"
import type { TemplateSource } from "../../sdk/renderer/renderer.ts"

/** A template given in memory: a TemplateSource without its name, which is its key. */
export type GivenTemplate = Omit<TemplateSource, "name">

const text = z.string()
const variant = {
  subject: text,
  mjml: text.optional(),
  html: text.optional(),
  text: text.optional(),
  partials: z.record(text, text).optional(),
  htmlSafe: z.array(text).optional(),
}
const hasOneBody = (value: { readonly mjml?: string | undefined; readonly html?: string | undefined }): boolean =>
  (value.mjml === undefined) !== (value.html === undefined)
const oneBody = { message: "needs exactly one of mjml and html" }

/** Checks the shape; what the template says is checked when it is compiled. */
export const givenTemplate = z
  .strictObject({ ...variant, locales: z.record(text, z.strictObject(variant).refine(hasOneBody, oneBody)).optional() })
  .refine(hasOneBody, oneBody)
