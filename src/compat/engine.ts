import type { Renderer } from "sendstate/sdk"
import type { SentSubjects } from "./host-transport.ts"
import type { Ledger } from "./ledger.ts"
import type { CompatOptions } from "./options.ts"
import type { OwnLeads } from "./own-documents.ts"
import type { Projection } from "./projection.ts"
import type { CampaignSource, Communication, LeadSource, TemplateSource } from "./sources.ts"
import type { RetryConfig } from "./types.ts"

/** What the parts of the engine know of it. */
export interface Engine {
  readonly options: CompatOptions
  readonly leads: LeadSource
  readonly ownLeads: OwnLeads
  readonly campaigns: CampaignSource
  readonly templates: TemplateSource
  readonly renderer: Renderer
  readonly projection: Projection
  readonly ledger: Ledger
  readonly subjects: SentSubjects
  /** Campaigns whose native twin is up to date, with the host's own sender of each; `undefined` where it was not asked. */
  readonly readyCampaigns: Map<string, string | null | undefined>
  readonly retry: RetryConfig
  /** Epoch ms on the runtime's clock. */
  now(): number
  /** Records a sent mail; the id is that of the mail, of which there may be several behind an execution that was set again. */
  record(communication: Communication, mailId: string): Promise<void>
  warn(message: string): void
  /** Runs something that must not fail its caller: what it throws is a warning. */
  attempt(what: string, body: () => Promise<void>): Promise<void>
}
