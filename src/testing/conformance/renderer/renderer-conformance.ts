import { type CompiledTemplate, NotFound, RenderError, type Renderer } from "sendstate/sdk"
import { errorOf, expect } from "../expectation.ts"
import type { TestRunner } from "../runner.ts"

/** What {@link rendererConformance} tries. */
export interface RendererConformanceOptions {
  /** Name of the group of tests. */
  readonly name: string
  /**
   * A renderer of its own for each test. It has a template `hello`, whose subject and body show the variable `name` and
   * whose text does too; and a template `broken`, which cannot be compiled.
   */
  readonly create: () => Renderer | Promise<Renderer>
}

const now = Date.UTC(2026, 0, 5, 9)

/**
 * Tests whether a renderer keeps its contract: templates by name, compiled once to plain JSON, rendered the same each
 * time, values escaped where they could be markup, missing ones named.
 *
 * @example
 * ```ts
 * rendererConformance({ describe, it }, { name: "mine", create: () => mine({ templates }) })
 * ```
 */
export const rendererConformance = (runner: TestRunner, { name, create }: RendererConformanceOptions): void => {
  runner.describe(name, () => {
    const { signal } = new AbortController()
    const it = (title: string, body: (renderer: Renderer) => Promise<void>) =>
      runner.it(title, async () => {
        const renderer = await create()
        try {
          await body(renderer)
        } finally {
          await renderer.close?.()
        }
      })
    // As a store keeps it.
    const compiled = async (renderer: Renderer): Promise<CompiledTemplate> =>
      JSON.parse(JSON.stringify(await renderer.compile(await renderer.load("hello", { signal }), { signal })))
    const render = async (renderer: Renderer, variables: Readonly<Record<string, unknown>>) =>
      renderer.prepare(await compiled(renderer)).render({ variables, now })

    it("has a name and a version", async (renderer) => {
      expect(renderer.name.length > 0 && renderer.version.length > 0).toBe(true)
    })

    it("loads a template by its name, and says when there is none", async (renderer) => {
      expect(await renderer.load("hello", { signal })).toMatchObject({ name: "hello" })
      expect(await errorOf(() => renderer.load("nobody", { signal }))).toBeInstanceOf(NotFound)
    })

    it("loads the same source each time, so that its hash is its version", async (renderer) => {
      const load = () => renderer.load("hello", { signal })
      expect(JSON.stringify(await load())).toBe(JSON.stringify(await load()))
    })

    it("compiles to plain JSON that can be stored", async (renderer) => {
      const template = await renderer.compile(await renderer.load("hello", { signal }), { signal })
      expect(JSON.parse(JSON.stringify(template))).toEqual(template)
    })

    it("refuses a template that is broken, with what is wrong", async (renderer) => {
      const error = await errorOf(async () => renderer.compile(await renderer.load("broken", { signal }), { signal }))
      expect(error).toBeInstanceOf(RenderError)
      expect((error as RenderError).issues.length > 0).toBe(true)
    })

    it("puts values into subject and body", async (renderer) => {
      const { subject, html, text } = await render(renderer, { name: "Bob" })
      expect(subject.includes("Bob"), "subject").toBe(true)
      expect(text.includes("Bob"), "text").toBe(true)
      expect(html === undefined || html.includes("Bob"), "html").toBe(true)
    })

    it("renders the same bytes for the same input: a resend is a copy", async (renderer) => {
      const template = renderer.prepare(await compiled(renderer))
      const once = () => JSON.stringify(template.render({ variables: { name: "Bob" }, now }))
      expect(once()).toBe(once())
    })

    it("escapes values in HTML, and not in the subject and the text", async (renderer) => {
      const { subject, html, text } = await render(renderer, { name: "<b>O'Neill & Co</b>" })
      expect(html?.includes("<b>O"), "html").toBe(html === undefined ? undefined : false)
      expect(subject.includes("O'Neill & Co"), "subject").toBe(true)
      expect(text.includes("O'Neill & Co"), "text").toBe(true)
    })

    it("lets no value break the subject's line", async (renderer) => {
      const template = renderer.prepare(await compiled(renderer))
      let subject = ""
      try {
        subject = template.render({ variables: { name: "Bob\r\nBcc: eve@example.test" }, now }).subject
      } catch (error) {
        expect(error).toBeInstanceOf(RenderError)
      }
      expect(/[\r\n]/.test(subject)).toBe(false)
    })

    it("names a value that is missing", async (renderer) => {
      const template = renderer.prepare(await compiled(renderer))
      expect(template.variables.includes("name")).toBe(true)
      const error = await errorOf(() => template.render({ variables: {}, now }))
      expect(error).toBeInstanceOf(RenderError)
      expect((error as RenderError).message.includes("name")).toBe(true)
    })

    it("takes nothing from prototypes", async (renderer) => {
      const template = renderer.prepare(await compiled(renderer))
      const inherited = Object.create({ name: "Eve" }) as Record<string, unknown>
      expect(await errorOf(() => template.render({ variables: inherited, now }))).toBeInstanceOf(RenderError)
    })
  })
}
