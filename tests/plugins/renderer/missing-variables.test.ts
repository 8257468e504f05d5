import { handlebars } from "sendstate/renderer/handlebars"
import { afterAll, expect, test } from "vitest"
import { html, prepared, rendered, renderFailure } from "./compile-template.ts"

const renderer = handlebars({ templates: {} })
afterAll(() => renderer.close?.())

test("all missing variables of subject, HTML and text are named at once", async () => {
  const template = html(`<p>{{a}} {{lead.name}} {{date b}}</p><a href="{{link}}?x={{c}}">x</a>`, {
    subject: "{{d}}",
    text: '{{plural n other="#"}} {{a}}',
  })
  const error = await renderFailure(renderer, template, { lead: {} })
  expect(error.code).toBe("missing-variables")
  expect(error.issues.map((issue) => issue.path)).toEqual(["a", "b", "c", "d", "lead.name", "link", "n"])
  expect(error.message).toBe(
    'Template "test" cannot be rendered: no value for a, b, c, d, lead.name, link, n: give one, or write {{default a "..."}} or {{#if a}} where it may be missing.',
  )
  expect(error.retryable).toBe(false)
})

test.each([undefined, null, "", "   ", Number.NaN])("%j is a missing value", async (name) => {
  expect((await renderFailure(renderer, html("{{name}}"), { name })).code).toBe("missing-variables")
})

test.each([0, false, "0"])("%j is a value", async (name) => {
  expect((await rendered(renderer, html("{{name}}"), { name })).html).toBe(String(name))
})

test("if and default make a variable optional", async () => {
  const template = html(
    '{{#if a}}<p>{{a}}</p>{{/if}}{{default b "-"}}{{#if (eq c "x")}}{{c}}{{/if}}{{#unless d}}!{{/unless}}',
  )
  expect((await rendered(renderer, template)).html).toBe("-!")
})

test("the last resort of default may not be missing", async () => {
  const error = await renderFailure(renderer, html("{{default nick name}}"))
  expect(error.issues.map((issue) => issue.path)).toEqual(["name"])
})

test("a list that is missing is reported, an empty one is not", async () => {
  const template = html("<p>{{#each items}}{{this}}{{/each}}</p>")
  expect((await renderFailure(renderer, template)).issues[0]?.path).toBe("items")
  expect((await rendered(renderer, template, { items: [] })).html).toBe("<p></p>")
})

test("a value that is missing in one item of a list is reported", async () => {
  const template = html("{{#each items}}{{name}}{{/each}}")
  expect((await renderFailure(renderer, template, { items: [{ name: "a" }, {}] })).issues[0]?.path).toBe("name")
})

test("variables are the top-level names that any part or locale reads", async () => {
  const template = await prepared(renderer, {
    subject: "{{a}}",
    html: `{{#each items}}{{inner}} {{../b}} {{@root.c}}{{/each}}{{#with lead as |l|}}{{l.name}} {{name}}{{/with}}{{date now "long" zone=z}}`,
    text: "{{#if (eq d e)}}{{this.f}}{{/if}}",
    locales: { de: { subject: "x", html: '{{default g "x"}}' } },
  })
  expect(template.variables).toEqual(["a", "b", "c", "d", "e", "f", "g", "items", "lead", "now", "z"])
})
