import { NotFound } from "sendstate"
import type { TemplateSource as NativeTemplate, Renderer } from "sendstate/sdk"
import type { HostTemplate, TemplateSource } from "./sources.ts"

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((part) => `<p>${escaped(part).replaceAll("\n", "<br>")}</p>`)
    .join("\n")

const isGiven = (text: string | null | undefined): text is string => typeof text === "string" && text !== ""

/** A template of the host as renderers take it. */
const nativeTemplate = ({ id, subject, mjml, html, text }: HostTemplate): NativeTemplate => ({
  name: id,
  subject,
  ...(isGiven(mjml) ? { mjml } : { html: isGiven(html) ? html : paragraphs(text ?? "") }),
  ...(isGiven(text) ? { text } : {}),
})

/** A renderer that asks the host for templates first, then looks for its own. Without `close`: what is stopped may be started again. */
export const hostRenderer = (inner: Renderer, source: TemplateSource): Renderer => ({
  name: inner.name,
  version: inner.version,
  load: async (name, options) => {
    const found = await source.get(name)
    if (found) return nativeTemplate({ ...found, id: name })
    try {
      return await inner.load(name, options)
    } catch (cause) {
      if (!(cause instanceof NotFound) && (cause as { readonly code?: unknown })?.code !== "bad-template-name")
        throw cause
      throw new NotFound({
        kind: "template",
        key: name,
        code: "template-missing",
        retryable: false,
        cause,
        message: `Template not found: ${name}. Neither the source of templates nor the renderer has it.`,
      })
    }
  },
  compile: (template, options) => inner.compile(template, options),
  prepare: (compiled) => inner.prepare(compiled),
})
