import type { Engine } from "./engine.ts"
import { renderDataOf } from "./render-data.ts"
import type { HostLead } from "./sources.ts"
import type { RenderedTemplate } from "./types.ts"

/** The lead, or `undefined`; the host's word first. */
export const leadOf = async (core: Engine, leadId: string): Promise<HostLead | undefined> =>
  (await core.leads.get(leadId)) ?? (await core.ownLeads.get(leadId))

/** Loads and compiles a template; throws when there is none or it cannot be compiled. */
export const preparedTemplate = async (core: Engine, templateId: string) => {
  const { signal } = new AbortController()
  const source = await core.renderer.load(templateId, { signal })
  return { source, template: core.renderer.prepare(await core.renderer.compile(source, { signal })) }
}

/** What the lead would get; `null` when template or lead is missing, or they do not fit. */
export const renderTemplate = async (
  core: Engine,
  templateId: string,
  leadId: string,
): Promise<RenderedTemplate | null> => {
  try {
    const lead = await leadOf(core, leadId)
    if (lead === undefined) return null
    const data = renderDataOf(lead)
    const { template } = await preparedTemplate(core, templateId)
    const mail = template.render({ variables: { ...data, lead: data }, timeZone: "UTC", now: core.now() })
    return { subject: mail.subject, html: mail.html ?? "", text: mail.text }
  } catch (error) {
    core.warn(
      `Rendering the template ${templateId} for the lead ${leadId} failed: ${error instanceof Error ? error.message : String(error)}`,
    )
    return null
  }
}
