import { InvalidInput, leadSchema, NotFound, RenderError } from "sendstate/sdk"
import { leadInputOf } from "./render-data.ts"
import { leadOf, preparedTemplate, renderTemplate } from "./rendering.ts"
import { Service } from "./service.ts"
import type { HostLead } from "./sources.ts"
import type { RenderedTemplate } from "./types.ts"

/** Renders and checks without sending. */
export class TemplateRenderingService extends Service {
  /** What the lead would get; `null` when template or lead is missing, or the template cannot be rendered for it. */
  renderTemplateForLead(templateId: string, leadId: string): Promise<RenderedTemplate | null> {
    return renderTemplate(this.core, templateId, leadId)
  }

  /** Whether there is such a template, and it can be compiled. */
  async validateTemplate(templateId: string): Promise<boolean> {
    try {
      await preparedTemplate(this.core, templateId)
      return true
    } catch (error) {
      this.#warnUnlessAnswer(templateId, error)
      return false
    }
  }

  /** Whether there is such a lead, with an address that can be mailed. */
  async validateLead(leadId: string): Promise<boolean> {
    try {
      const lead = await leadOf(this.core, leadId)
      return lead !== undefined && isMailable(lead)
    } catch (error) {
      this.core.warn(`Reading the lead ${leadId} failed: ${messageOf(error)}`)
      return false
    }
  }

  /** Its name and its subject as written; `null` when there is no such template. */
  async getTemplateMetadata(templateId: string): Promise<{ name?: string; subject?: string } | null> {
    try {
      const found = await this.core.templates.get(templateId)
      if (found) return { name: found.name ?? found.id, subject: found.subject }
      const { name, subject } = await this.core.renderer.load(templateId, { signal: new AbortController().signal })
      return { name, subject }
    } catch (error) {
      this.#warnUnlessAnswer(templateId, error)
      return null
    }
  }

  // A template that is missing or cannot be compiled is what was asked for; a source that fails is not.
  #warnUnlessAnswer(templateId: string, error: unknown): void {
    if (error instanceof NotFound || error instanceof RenderError || error instanceof InvalidInput) return
    this.core.warn(`Reading the template ${templateId} failed: ${messageOf(error)}`)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isMailable = (lead: HostLead): boolean => leadSchema.safeParse(leadInputOf(lead)).success
