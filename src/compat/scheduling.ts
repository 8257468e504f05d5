import type { ScheduleInput } from "sendstate"
import { InvalidInput } from "sendstate"
import type { LeadInput, MaybePromise } from "sendstate/sdk"
import type { Access } from "./access.ts"
import type { Core } from "./core.ts"
import { chain } from "./maybe-promise.ts"
import { ensureCampaign } from "./native-campaign.ts"
import { unknownAddress } from "./placeholder.ts"

/** A mail to schedule, in the old words. */
export interface MailRequest {
  readonly leadId: string
  readonly templateId: string
  readonly at: Date
  readonly id?: string
}

const isDate = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime())

const checked = (what: string, value: unknown): void => {
  if (typeof value === "string" && value !== "") return
  throw new InvalidInput({
    code: "invalid-input",
    retryable: false,
    issues: [{ path: what, message: "is no id" }],
    message: `A mail cannot be scheduled without a ${what}: ${JSON.stringify(value)} was given.`,
  })
}

const check = (campaignId: string, mails: ReadonlyArray<MailRequest>): void => {
  checked("campaignId", campaignId)
  for (const { leadId, templateId, at } of mails) {
    checked("leadId", leadId)
    checked("templateId", templateId)
    if (isDate(at)) continue
    throw new InvalidInput({
      code: "invalid-input",
      retryable: false,
      issues: [{ path: "scheduledFor", message: "is no date" }],
      message: `A mail cannot be scheduled for ${String(at)}: give a valid Date.`,
    })
  }
}

// Who a lead is and what a template says is asked when the mail is sent, as it always was: only ids are stored here.
const asNative = ({ leadId, templateId, at, id }: MailRequest): ScheduleInput => {
  const lead: LeadInput = { id: leadId, email: unknownAddress }
  return { lead, template: { latest: templateId }, at, ...(id === undefined ? {} : { id }) }
}

/** Schedules mails of one campaign in one step; answers their ids. */
export const scheduleMails = (
  core: Core,
  access: Access,
  campaignId: string,
  mails: ReadonlyArray<MailRequest>,
  from?: string | null,
): MaybePromise<ReadonlyArray<string>> => {
  check(campaignId, mails)
  if (mails.length === 0) return []
  return chain(ensureCampaign(core, access, campaignId, from), () =>
    access.scheduleAll(campaignId, mails.map(asNative)),
  )
}

/** The same for callers that wait; the campaign's own sender holds where it has one. It is asked for where it is not given. */
export const scheduleLater = (
  core: Core,
  campaignId: string,
  mails: ReadonlyArray<MailRequest>,
  from?: string | null,
): Promise<ReadonlyArray<string>> =>
  core.writeLater(async (access) => {
    check(campaignId, mails)
    const known = from === undefined ? core.readyCampaigns.get(campaignId) : from
    const own = known === undefined ? (await core.campaigns.get(campaignId))?.from || null : known
    return scheduleMails(core, access, campaignId, mails, own)
  })
