import type { LeadInput } from "sendstate/sdk"
import type { HostLead } from "./sources.ts"
import type { TemplateRenderData } from "./types.ts"

type JsonObject = NonNullable<LeadInput["data"]>

const asJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value ?? {})) as JsonObject

/** What a lead's mails are rendered with: the first word of the name (or "there"), the rest, and the lead's metadata. */
export const renderDataOf = ({ name, email, phone, metadata }: HostLead): TemplateRenderData => {
  const [firstName = "there", ...rest] = (name ?? "").split(/\s+/).filter((word) => word !== "")
  return { firstName, lastName: rest.join(" "), email, phone: phone ?? "", ...asJson(metadata) }
}

/** The lead as sendstate takes it. */
export const leadInputOf = (lead: HostLead): LeadInput => {
  const name = lead.name?.trim()
  return {
    id: lead.id,
    email: lead.email,
    ...(name ? { name } : {}),
    ...(lead.phone ? { phone: lead.phone } : {}),
    ...(lead.status ? { status: lead.status } : {}),
    data: asJson(renderDataOf(lead)),
  }
}
