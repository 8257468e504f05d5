import type { Observer, Renderer, Storage, Transport } from "sendstate/sdk"
import type { CampaignSource, CommunicationSink, InboundMailbox, LeadSource, TemplateSource } from "./sources.ts"
import type { CampaignTrigger, RetryConfig } from "./types.ts"

/** What the eight services run on. Everything has a default but `transport` and `from`, which sending needs. */
export interface CompatOptions {
  /** Default: `sqlite("sendstate.db")`. */
  storage?: Storage
  /** How mails are sent; without it everything works but sending. */
  transport?: Transport
  /** Default: `mjml({ directory: "templates" })`. Templates of `templates` are compiled by it. */
  renderer?: Renderer
  /** Sender of all mails whose campaign has none: `Ann <ann@acme.test>`. */
  from?: string
  /** Default: documents of sendstate's own, see `compat.leads`. */
  leads?: LeadSource
  /** Default: documents of sendstate's own, see `compat.campaigns`. */
  campaigns?: CampaignSource
  /** Default: documents of sendstate's own (see `compat.templates`), then the renderer's own templates. */
  templates?: TemplateSource
  /** Default: documents of sendstate's own, see `compat.communications`. */
  communications?: CommunicationSink
  /** What starts campaigns beside calls; each names its campaign in `conditions.campaignId`. */
  triggers?: CampaignTrigger[]
  /** Watched from `start()` to `stop()`; one that fails is a warning. */
  mailbox?: InboundMailbox
  /** Default: `DEFAULT_RETRY_CONFIG`. */
  retry?: Partial<RetryConfig>
  /** Ended executions that stay in memory for synchronous reads; older ones are counted only. Default: all. */
  keepEnded?: number
  observers?: ReadonlyArray<Observer>
  /** Hears of what went wrong beside the mails. Default: `process.emitWarning`. */
  warn?: (message: string) => void
}
