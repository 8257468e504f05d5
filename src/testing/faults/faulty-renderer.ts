import type { PreparedTemplate, Renderer, RenderInput } from "sendstate/sdk"

/** Asked before each mail is rendered; what it answers is thrown, `undefined` lets it through. */
export type RendererFaultScript = (input: RenderInput) => unknown

/** Wraps a renderer so that rendering fails as scripted. */
export const faultyRenderer = (inner: Renderer, fault: RendererFaultScript): Renderer => ({
  ...inner,
  prepare: (compiled): PreparedTemplate => {
    const template = inner.prepare(compiled)
    return {
      ...template,
      render: (input) => {
        const thrown = fault(input)
        if (thrown !== undefined) throw thrown
        return template.render(input)
      },
    }
  },
})
