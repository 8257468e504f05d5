import { handlebars } from "sendstate/renderer/handlebars"
import { mjml } from "sendstate/renderer/mjml"
import { withTracking } from "sendstate/renderer/tracking"
import { NotFound, RenderError, type Renderer } from "sendstate/sdk"
import { faultyRenderer, rendererConformance } from "sendstate/testing"
import { afterAll, describe, expect, it } from "vitest"
import { failuresOf } from "./collecting-runner.ts"

const html = () =>
  handlebars({
    templates: {
      hello: { subject: "Hello {{name}}", html: "<p>Hello {{name}}</p>" },
      broken: { subject: "Hello", html: "<p>{{#if x}}</p>" },
    },
  })

rendererConformance({ describe, it }, { name: "handlebars", create: html })
rendererConformance(
  { describe, it },
  {
    name: "mjml",
    create: () =>
      mjml({
        templates: {
          hello: {
            subject: "Hello {{name}}",
            mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{name}}</mj-text></mj-column></mj-section></mj-body></mjml>",
          },
          broken: { subject: "Hello", mjml: "<mjml><mj-body><mj-nothing></mj-nothing></mj-body></mjml>" },
        },
      }),
  },
)
rendererConformance(
  { describe, it },
  {
    name: "a tracking one",
    create: () => withTracking(html(), { baseUrl: "https://acme.test/t", signingKeys: ["k".repeat(32)] }),
  },
)
rendererConformance({ describe, it }, { name: "a wrapped one", create: () => faultyRenderer(html(), () => undefined) })

const renderingWith =
  (change: (mail: { subject: string; html?: string; text: string }, name: string) => object) =>
  (inner: Renderer): Partial<Renderer> => ({
    prepare: (compiled) => {
      const template = inner.prepare(compiled)
      return {
        ...template,
        render: (input) => ({
          ...template.render(input),
          ...change(template.render(input), String(input.variables.name)),
        }),
      }
    },
  })

let turn = 0
const breaks: Readonly<Record<string, (inner: Renderer) => Partial<Renderer>>> = {
  "it loads whatever is asked for": (inner) => ({ load: (_, options) => inner.load("hello", options) }),
  "its sources differ each time": (inner) => ({
    load: async (name, options) => {
      turn += 1
      return { ...(await inner.load(name, options)), text: `${turn}` }
    },
  }),
  "it compiles to more than JSON": (inner) => ({
    compile: async (source, options) => ({ ...(await inner.compile(source, options)), made: () => 1 }),
  }),
  "it takes broken templates": (inner) => ({
    compile: async (source, options) =>
      inner.compile(source.name === "broken" ? await inner.load("hello", options) : source, options),
  }),
  "its errors are untyped": (inner) => ({
    compile: (source, options) => inner.compile(source, options).catch(() => Promise.reject(new Error("broken"))),
  }),
  "it says what is missing in no template": (inner) => ({
    load: (name, options) =>
      inner
        .load(name, options)
        .catch((error: unknown) => Promise.reject(error instanceof NotFound ? new Error("no") : error)),
  }),
  "the subject shows nothing": renderingWith(() => ({ subject: "Hello" })),
  "the text shows nothing": renderingWith(() => ({ text: "Hello" })),
  "it never renders the same twice": renderingWith(({ text }) => {
    turn += 1
    return { text: `${text} ${turn}` }
  }),
  "it escapes nothing": renderingWith((_, name) => ({ html: `<p>${name}</p>` })),
  "it escapes the subject": renderingWith(({ subject }) => ({ subject: subject.replaceAll("&", "&amp;") })),
  "a value may break the subject's line": (inner) => ({
    prepare: (compiled) => {
      const template = inner.prepare(compiled)
      return {
        ...template,
        render: (input) =>
          /[\r\n]/.test(String(input.variables.name))
            ? { subject: `Hello ${input.variables.name}`, text: "" }
            : template.render(input),
      }
    },
  }),
  "missing values are empty": (inner) => ({
    prepare: (compiled) => {
      const template = inner.prepare(compiled)
      return {
        ...template,
        render: (input) => template.render({ ...input, variables: { name: "friend", ...input.variables } }),
      }
    },
  }),
  "it names no variables": (inner) => ({ prepare: (compiled) => ({ ...inner.prepare(compiled), variables: [] }) }),
  "it reads prototypes": (inner) => ({
    prepare: (compiled) => {
      const template = inner.prepare(compiled)
      return {
        ...template,
        render: (input) => template.render({ ...input, variables: { ...input.variables, name: input.variables.name } }),
      }
    },
  }),
}

describe("the suite fails for a renderer with one rule broken", () => {
  // One for all: its worker takes longer to start than the tests take.
  const inner = html()
  afterAll(() => inner.close?.())

  it.each(Object.entries(breaks))("%s", async (_name, broken) => {
    const failures = await failuresOf((runner) =>
      rendererConformance(runner, {
        name: "renderer",
        create: () => {
          const { close: _, ...open } = inner
          return { ...open, ...broken(inner) }
        },
      }),
    )
    expect(failures.length).toBeGreaterThan(0)
  })

  it("and a renderer that fails as scripted throws what the script says", async () => {
    const failure = new RenderError({ template: "hello", code: "busy", retryable: true, issues: [], message: "busy" })
    const renderer = faultyRenderer(html(), () => failure)
    const { signal } = new AbortController()
    const compiled = await renderer.compile(await renderer.load("hello", { signal }), { signal })
    expect(() => renderer.prepare(compiled).render({ variables: { name: "Bob" }, now: 0 })).toThrow(failure)
    await renderer.close?.()
  })
})
