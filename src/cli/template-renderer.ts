import { mjml } from "sendstate/renderer/mjml"
import { type CompiledTemplate, contentHash, type Renderer } from "sendstate/sdk"

/** A renderer for a check and the run after it: compiles each template once, and outlives the first of them. */
export interface SharedRenderer {
  readonly renderer: Renderer
  readonly close: () => Promise<void>
}

/** The MJML renderer of a folder. */
export const sharedRenderer = (directory: string): SharedRenderer => {
  const inner = mjml({ directory })
  const compiled = new Map<string, Promise<CompiledTemplate>>()
  return {
    renderer: {
      name: inner.name,
      version: inner.version,
      load: (name, options) => inner.load(name, options),
      compile: (source, options) => {
        const key = contentHash(source)
        const known = compiled.get(key) ?? inner.compile(source, options)
        compiled.set(key, known)
        return known
      },
      prepare: (template) => inner.prepare(template),
    },
    close: async () => inner.close?.(),
  }
}
