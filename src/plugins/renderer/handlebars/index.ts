import { defineRenderer } from "../../../sdk/renderer/define-renderer.ts"
import { engineVersion } from "../engine-version.ts"
import { type TemplateOptions, templateEngine, templateOptions } from "../template-engine.ts"

export type { GivenTemplate } from "../given-template.ts"

/** Options of `handlebars`. */
export type HandlebarsOptions = TemplateOptions

/**
 * Renders mail from plain HTML with Handlebars: the same engine, checks and functions as `mjml`, without MJML.
 *
 * @throws InvalidInput for options that are not valid
 *
 * @example
 * ```ts
 * import { handlebars } from "sendstate/renderer/handlebars"
 *
 * const renderer = handlebars({ templates: { hello: { subject: "Hello {{name}}", html: "<p>Hello {{name}}</p>" } } })
 * ```
 */
export const handlebars = defineRenderer<ReturnType<typeof templateOptions.parse>, HandlebarsOptions>({
  name: "handlebars",
  options: templateOptions,
  create: (options) =>
    templateEngine(options, {
      version: engineVersion(["handlebars", "html-to-text"]),
      endings: [".html", ".hbs"],
      takesMjml: false,
    }),
})
