/** A lead as the host's database has it. */
export interface HostLead {
  id: string
  email: string
  name?: string | null
  phone?: string | null
  /** `new` is what `autoAssignLeads` looks for. */
  status?: string | null
  campaignId?: string | null
  /** Further values for templates; JSON. */
  metadata?: Record<string, unknown> | null
}

/** A campaign as the host's database has it. */
export interface HostCampaign {
  id: string
  name?: string | null
  /** Anything but `active` starts nothing; absent: active. */
  status?: string | null
  /** Sender of its mails; default: the one that was configured. */
  from?: string | null
  settings?: { touchSequence?: Array<{ templateId: string }> | null; [key: string]: unknown } | null
}

/** A template as the host's database has it; Handlebars. */
export interface HostTemplate {
  id: string
  name?: string | null
  subject: string
  /** One of `mjml`, `html` and `text` is needed; `text` alone becomes paragraphs. */
  mjml?: string | null
  html?: string | null
  text?: string | null
}

/** Where leads come from. What it throws is tried again later. */
export interface LeadSource {
  /** The lead as it is now, or nothing. */
  get(leadId: string): Promise<HostLead | undefined | null>
  /** For inbound messages that do not name their lead; the address is in lower case. */
  findByEmail?(address: string): Promise<HostLead | undefined | null>
  /** Leads with this status and without a campaign. */
  listUnassigned(status: string): Promise<HostLead[]>
  /** Notes the lead's campaign, or with `null` that it has none. */
  assign(leadId: string, campaignId: string | null): Promise<void>
}

/** Where campaigns come from. */
export interface CampaignSource {
  /** The campaign as it is now, or nothing. */
  get(campaignId: string): Promise<HostCampaign | undefined | null>
  /** In the order in which they count as the first. */
  list(): Promise<HostCampaign[]>
}

/** Where templates come from; asked for each mail. */
export interface TemplateSource {
  /** The template as it is now, or nothing. */
  get(templateId: string): Promise<HostTemplate | undefined | null>
}

/** A mail that was sent to a lead. */
export interface Communication {
  leadId: string
  channel: "email"
  direction: "outbound"
  subject: string
  campaignId: string
  templateId: string
  /** Names the record too: after a crash the same one may come again. */
  executionId: string
  sentAt: Date
}

/** Where sent mails are recorded. What it throws is reported and changes nothing. */
export interface CommunicationSink {
  /** Keeps it; the same execution again is the same mail. */
  record(communication: Communication): Promise<void>
}

/** A message from a lead. */
export interface InboundMessage {
  /** Unique, such as the Message-ID: a trigger fires once for it. */
  id: string
  from: string
  subject: string
  /** Default: the lead with this sender's address, where the source of leads can tell. */
  leadId?: string
  /** Its headers, which tell an out-of-office answer and other mail of programs, which starts nothing. */
  headers?: Record<string, string>
}

/** A source of inbound messages, such as a mailbox that is polled. */
export interface InboundMailbox {
  /** Calls back for each message until the signal fires; a rejection is reported and changes nothing. */
  watch(receive: (message: InboundMessage) => Promise<void>, signal: AbortSignal): Promise<void>
}
