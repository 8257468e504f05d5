import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { afterAll, expect, test } from "vitest"
import { compileError, html, prepared, rendered } from "./compile-template.ts"

const renderer = handlebars({ templates: {} })
const withMjml = mjml({ templates: {} })
afterAll(() => Promise.all([renderer.close?.(), withMjml.close?.()]))

test("a lead's locale falls back to its language, then to the template itself", async () => {
  const template = await prepared(renderer, {
    ...html("base"),
    locales: { de: html("de"), "pt-BR": html("pt-BR"), pt: html("pt"), "zh-Hant": html("zh-Hant") },
  })
  const bodyFor = (locale: string) => template.render({ variables: {}, now: 0, locale }).html
  expect(["de", "de-AT", "DE_at", "pt-BR", "pt-PT", "zh-Hant-TW", "zh-TW", "fr", "nonsense!", ""].map(bodyFor)).toEqual(
    ["de", "de", "de", "pt-BR", "pt", "zh-Hant", "base", "base", "base", "base"],
  )
  expect(template.render({ variables: {}, now: 0 }).html).toBe("base")
})

test("a locale is written in any case, but not twice and not as nonsense", async () => {
  const twice = await compileError(renderer, { ...html("x"), locales: { "pt-BR": html("x"), "pt-br": html("x") } })
  expect(twice.issues).toEqual([{ path: "locales.pt-br", message: "is there twice" }])
  const nonsense = await compileError(renderer, { ...html("x"), locales: { "-": html("x") } })
  expect(nonsense.issues[0]?.path).toBe("locales.-")
})

test("dates and numbers follow the language of the words around them", async () => {
  const body = (lang: string, words: string) =>
    html(`<html lang="${lang}"><body>${words} {{date day "long"}}</body></html>`)
  const template = { ...body("en", "until"), locales: { de: html("bis {{date day 'long'}}") } }
  const textFor = async (locale: string) => (await rendered(renderer, template, { day: "2026-03-31" }, { locale })).text
  expect(await textFor("en-GB")).toBe("until 31 March 2026\n")
  expect(await textFor("de-CH")).toBe("bis 31. März 2026\n")
  // The mail is English for an Egyptian lead: an Arabic date in it would be wrong.
  expect(await textFor("ar-EG")).toBe("until March 31, 2026\n")
})

test("a template that does not say its language follows the lead", async () => {
  const template = {
    subject: "x",
    mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>{{date day}}</mj-text></mj-column></mj-section></mj-body></mjml>",
  }
  const mail = await rendered(withMjml, template, { day: "2026-03-31" }, { locale: "fr" })
  expect(mail.text).toBe("31 mars 2026\n")
})
