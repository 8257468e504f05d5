import type { Setting } from "sendstate"
import { leadSchema, parse } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { unknownAddress } from "./placeholder.ts"
import { leadInputOf } from "./render-data.ts"
import type {
  CampaignSource,
  Communication,
  CommunicationSink,
  HostCampaign,
  HostLead,
  HostTemplate,
  LeadSource,
  TemplateSource,
} from "./sources.ts"

/** Gives access to the opened store. */
export type OpenAccess = () => Promise<Access>

const asSetting = (value: unknown): Setting => JSON.parse(JSON.stringify(value)) as Setting

/** Documents of one kind, kept as settings. */
class Documents<A extends { readonly id: string }> {
  readonly #open: OpenAccess
  readonly #prefix: string

  /** @internal */
  constructor(open: OpenAccess, kind: string) {
    this.#open = open
    this.#prefix = `compat/${kind}/`
  }

  /** The document, or `undefined`. */
  async get(id: string): Promise<A | undefined> {
    return (await (await this.#open()).setting(`${this.#prefix}${id}`)) as unknown as A | undefined
  }

  /** All, by id. */
  async list(): Promise<Array<A>> {
    const settings = await (await this.#open()).settings(this.#prefix)
    return settings.map(({ value }) => value as unknown as A)
  }

  /** Stores it in place of what is known about it. */
  async put(document: A): Promise<void> {
    await (await this.#open()).putSettings([{ key: `${this.#prefix}${document.id}`, value: asSetting(document) }])
  }

  /** Removes it, where it is. */
  async remove(id: string): Promise<void> {
    await (await this.#open()).putSettings([{ key: `${this.#prefix}${id}`, value: null }])
  }
}

type KeptLead = HostLead & { readonly leadId: string }

const shownLead = ({ leadId: _leadId, ...lead }: KeptLead): HostLead => lead

/** Leads in the store: those that were put here, and those that were enrolled by the native API. */
export class OwnLeads implements LeadSource {
  readonly #open: OpenAccess
  // With `leadId`, so that they are removed when the person is forgotten.
  readonly #documents: Documents<KeptLead>

  /** @internal */
  constructor(open: OpenAccess) {
    this.#open = open
    this.#documents = new Documents(open, "lead")
  }

  /**
   * Stores the lead in place of what is known about it. Answers how many campaigns its status has started, by triggers.
   *
   * @throws InvalidInput when it cannot be mailed.
   */
  async put(lead: HostLead): Promise<number> {
    const access = await this.#open()
    const input = parse(leadSchema, leadInputOf(lead), "The lead")
    // First: what is started notes its campaign here.
    await this.#keep(lead)
    return (await access.putLead(input)).signal?.started ?? 0
  }

  #keep(lead: HostLead): Promise<void> {
    return this.#documents.put({ ...lead, leadId: lead.id })
  }

  /** The lead, or `undefined`. */
  async get(leadId: string): Promise<HostLead | undefined> {
    const own = await this.#documents.get(leadId)
    if (own !== undefined) return shownLead(own)
    const native = await (await this.#open()).lead(leadId)
    return native === undefined || native.email === unknownAddress
      ? undefined
      : { id: native.id, email: native.email, ...pick(native), metadata: { ...native.data } }
  }

  /** All that were put here. */
  async list(): Promise<HostLead[]> {
    return (await this.#documents.list()).map(shownLead)
  }

  /** The first lead with this address. */
  async findByEmail(address: string): Promise<HostLead | undefined> {
    return (await this.list()).find(({ email }) => email.toLowerCase() === address)
  }

  /** Leads with this status and without a campaign. */
  async listUnassigned(status: string): Promise<HostLead[]> {
    return (await this.list()).filter((lead) => lead.status === status && !lead.campaignId)
  }

  /** Notes the lead's campaign. */
  async assign(leadId: string, campaignId: string | null): Promise<void> {
    const lead = await this.#documents.get(leadId)
    if (lead !== undefined) await this.#keep({ ...lead, campaignId })
  }
}

const pick = ({ name, phone, status }: { name?: string; phone?: string; status?: string }) => ({
  ...(name === undefined ? {} : { name }),
  ...(phone === undefined ? {} : { phone }),
  ...(status === undefined ? {} : { status }),
})

/** Campaigns in the store. */
export class OwnCampaigns extends Documents<HostCampaign> implements CampaignSource {
  /** @internal */
  constructor(open: OpenAccess) {
    super(open, "campaign")
  }
}

/** Templates in the store. */
export class OwnTemplates extends Documents<HostTemplate> implements TemplateSource {
  /** @internal */
  constructor(open: OpenAccess) {
    super(open, "template")
  }
}

type KeptCommunication = Omit<Communication, "sentAt"> & { readonly id: string; readonly sentAt: string }

/** Sent mails in the store, one record for each execution. */
export class OwnCommunications implements CommunicationSink {
  readonly #documents: Documents<KeptCommunication>

  /** @internal */
  constructor(open: OpenAccess) {
    this.#documents = new Documents(open, "communication")
  }

  /** Keeps it under the mail's id; default: its execution's. */
  record(communication: Communication, mailId: string = communication.executionId): Promise<void> {
    const { sentAt, ...facts } = communication
    return this.#documents.put({ ...facts, id: mailId, sentAt: sentAt.toISOString() })
  }

  /** All, or those of one lead. */
  async list(leadId?: string): Promise<Communication[]> {
    const kept = await this.#documents.list()
    return kept
      .filter((one) => leadId === undefined || one.leadId === leadId)
      .map(({ id: _id, sentAt, ...facts }) => ({ ...facts, sentAt: new Date(sentAt) }))
  }
}
