import type { CampaignSource, HostLead, LeadSource, TemplateSource } from "sendstate/compat"

/** What stands for the host's own database. */
const leads = new Map<string, HostLead>(
  [
    { id: "ann", email: "ann@mail.example", name: "Ann van Example", status: "new" },
    { id: "bob", email: "bob@mail.example", name: "Bob", status: "new" },
  ].map((lead) => [lead.id, lead]),
)

export const leadSource: LeadSource = {
  get: async (id) => leads.get(id),
  listUnassigned: async (status) => [...leads.values()].filter((lead) => lead.status === status && !lead.campaignId),
  assign: async (id, campaignId) => {
    const lead = leads.get(id)
    if (lead !== undefined) leads.set(id, { ...lead, campaignId })
  },
}

const campaigns = [
  { id: "welcome", status: "active", settings: { touchSequence: [{ templateId: "hello" }, { templateId: "nudge" }] } },
  { id: "retired", status: "archived" },
]

export const campaignSource: CampaignSource = {
  get: async (id) => campaigns.find((campaign) => campaign.id === id),
  list: async () => campaigns,
}

const templates = [
  {
    id: "hello",
    name: "Welcome",
    subject: "Welcome {{firstName}}",
    text: "Good to have you, {{firstName}} {{lastName}}.",
  },
  { id: "nudge", name: "How it goes", subject: "How is it going?", text: "Just reply, {{firstName}}." },
]

export const templateSource: TemplateSource = {
  get: async (id) => templates.find((template) => template.id === id),
}
