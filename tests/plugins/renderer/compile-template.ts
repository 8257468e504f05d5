import type { GivenTemplate } from "sendstate/renderer/handlebars"
import { type RenderError, RenderError as RenderErrorClass, type Renderer, type RenderInput } from "sendstate/sdk"
import { expect } from "vitest"

const { signal } = new AbortController()

/** A fixed instant: Tuesday, 3 March 2026, 10:15 UTC. */
export const now = Date.UTC(2026, 2, 3, 10, 15)

/** Compiles, sends the result through JSON as a store would, and prepares it. */
export const prepared = async (renderer: Renderer, template: GivenTemplate) => {
  const compiled = await renderer.compile({ name: "test", ...template }, { signal })
  return renderer.prepare(JSON.parse(JSON.stringify(compiled)))
}

/** Renders one mail. */
export const rendered = async (
  renderer: Renderer,
  template: GivenTemplate,
  variables: Readonly<Record<string, unknown>> = {},
  more: Partial<RenderInput> = {},
) => (await prepared(renderer, template)).render({ variables, now, ...more })

const asRenderError = (error: unknown): RenderError => {
  expect(error).toBeInstanceOf(RenderErrorClass)
  const found = error as RenderError
  expect(found.template).toBe("test")
  expect(found.message).toContain('"test"')
  // Users see words, not the inside of a template engine.
  expect(found.message).not.toMatch(/at Object|node_modules|\n\s+at /)
  return found
}

/** The error that compiling ends with; fails when it succeeds. */
export const compileError = async (renderer: Renderer, template: GivenTemplate): Promise<RenderError> =>
  renderer.compile({ name: "test", ...template }, { signal }).then(
    () => expect.unreachable("the template compiled"),
    (error: unknown) => asRenderError(error),
  )

/** The error that rendering ends with; fails when it succeeds. */
export const renderFailure = async (
  renderer: Renderer,
  template: GivenTemplate,
  variables: Readonly<Record<string, unknown>> = {},
  more: Partial<RenderInput> = {},
): Promise<RenderError> => {
  const template_ = await prepared(renderer, template)
  try {
    template_.render({ variables, now, ...more })
  } catch (error) {
    return asRenderError(error)
  }
  return expect.unreachable("the mail was rendered")
}

/** An HTML template with the given body. */
export const html = (body: string, more: Partial<GivenTemplate> = {}): GivenTemplate => ({
  subject: "Hello",
  html: body,
  ...more,
})

/** An MJML template with the given content of one column. */
export const column = (content: string): GivenTemplate => ({
  subject: "Hello",
  mjml: `<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n${content}\n</mj-column>\n</mj-section>\n</mj-body>\n</mjml>`,
})
