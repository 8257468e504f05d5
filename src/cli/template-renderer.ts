import { mjml } from "sendstate/renderer/mjml"
import { withTracking } from "sendstate/renderer/tracking"
import { type CompiledTemplate, contentHash, type Renderer } from "sendstate/sdk"
import type { CampaignFile } from "./campaign-file.ts"

/** A renderer for a check and the run after it: compiles each template once, and outlives the first of them. */
export interface SharedRenderer {
  readonly renderer: Renderer
  readonly close: () => Promise<void>
}

// Others that run on the same database have not asked to be tracked.
const tracked = (renderer: Renderer, { tracking, campaign }: CampaignFile): Renderer =>
  tracking === undefined ? renderer : withTracking(renderer, { ...tracking, campaigns: [campaign.id] })

/** The MJML renderer of a campaign file's templates, with its tracking. */
export const sharedRenderer = (file: CampaignFile): SharedRenderer => {
  const inner = tracked(mjml({ directory: file.templates }), file)
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
