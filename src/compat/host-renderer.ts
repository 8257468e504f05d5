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

// A lead may have one name and no telephone: these were always empty then, where any other missing value is an error.
const mayBeEmpty = /\{\{\s*((?:lead\.)?(?:lastName|phone))\s*\}\}/g

type Body = Omit<NativeTemplate, "name" | "locales">

const forgiving = (text: string): string => text.replaceAll(mayBeEmpty, "{{default $1 ''}}")

const forgivingBody = <Template extends Body>(template: Template): Template => ({
  ...template,
  subject: forgiving(template.subject),
  ...(template.mjml === undefined ? {} : { mjml: forgiving(template.mjml) }),
  ...(template.html === undefined ? {} : { html: forgiving(template.html) }),
  ...(template.text === undefined ? {} : { text: forgiving(template.text) }),
})

const forgivingTemplate = (template: NativeTemplate): NativeTemplate => ({
  ...forgivingBody(template),
  ...(template.locales === undefined
    ? {}
    : {
        locales: Object.fromEntries(
          Object.entries(template.locales).map(([locale, variant]) => [locale, forgivingBody(variant)]),
        ),
      }),
})

/** A renderer that asks the host for templates first, then looks for its own. Without `close`: what is stopped may be started again. */
export const hostRenderer = (inner: Renderer, source: TemplateSource): Renderer => ({
  name: inner.name,
  version: inner.version,
  load: async (name, options) => {
    const found = await source.get(name)
    if (found) return forgivingTemplate(nativeTemplate({ ...found, id: name }))
    try {
      return forgivingTemplate(await inner.load(name, options))
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
