import { defineRenderer } from "../../../sdk/renderer/define-renderer.ts"
import { engineVersion } from "../engine-version.ts"
import { type TemplateOptions, templateEngine, templateOptions } from "../template-engine.ts"

export type { GivenTemplate } from "../given-template.ts"

/** Options of `mjml`. */
export type MjmlOptions = TemplateOptions

/**
 * Renders mail from MJML (or plain HTML) and Handlebars.
 *
 * MJML is compiled once per template version, in a worker thread with a memory limit and a deadline; each mail is then one
 * Handlebars run without I/O. Values are escaped in HTML, checked and encoded in links and styles, and written as they are in
 * the subject and the text part. A variable without a value is an error unless it stands in `{{#if}}` or `{{default}}`.
 *
 * @throws InvalidInput for options that are not valid
 * @throws MissingDependency when mjml is not installed
 *
 * @example
 * ```ts
 * import { mjml } from "sendstate/renderer/mjml"
 *
 * const renderer = mjml({ directory: "templates" })
 * ```
 */
export const mjml = defineRenderer<ReturnType<typeof templateOptions.parse>, MjmlOptions>({
  name: "mjml",
  options: templateOptions,
  create: (options) =>
    templateEngine(options, {
      version: engineVersion(["handlebars", "html-to-text", "mjml"]),
      endings: [".mjml", ".html", ".hbs"],
      takesMjml: true,
    }),
})
