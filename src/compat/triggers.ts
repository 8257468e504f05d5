import { InvalidInput, matchesMail } from "sendstate/sdk"
import type { Access } from "./access.ts"
import { startCampaign } from "./campaign-start.ts"
import type { Core } from "./core.ts"
import { unknownAddress } from "./placeholder.ts"
import type { HostLead, InboundMessage } from "./sources.ts"
import type { CampaignTrigger } from "./types.ts"

const minuteMs = 60_000

const matchesMessage = ({ type, conditions }: CampaignTrigger, message: InboundMessage): boolean =>
  type === "email" &&
  matchesMail({ mail: { subject: conditions.emailSubject ?? "", from: conditions.emailFrom ?? "" } }, message)

const matchesChange = ({ type, conditions }: CampaignTrigger, lead: HostLead): boolean =>
  (type === "lead_status" && conditions.leadStatus !== undefined && conditions.leadStatus === lead.status) ||
  (type === "time" && (conditions.leadStatus === undefined || conditions.leadStatus === lead.status))

const addressOf = (from: string): string => (/<([^<>]+)>\s*$/.exec(from)?.[1] ?? from).trim().toLowerCase()

const issueOf = ({ type, conditions }: CampaignTrigger): string | undefined => {
  if (type === "manual") return undefined
  if (!conditions.campaignId) return "conditions.campaignId is missing: it names the campaign to start"
  if (type === "lead_status" && !conditions.leadStatus) return "conditions.leadStatus is missing: it names the status"
  return undefined
}

/** @throws InvalidInput for triggers that could never start anything. */
export const checkTriggers = (triggers: ReadonlyArray<CampaignTrigger>): void => {
  const issues = triggers.flatMap((trigger, index) => {
    const message = issueOf(trigger)
    return message === undefined ? [] : [{ path: `triggers.${index}`, message }]
  })
  if (issues.length === 0) return
  throw new InvalidInput({
    code: "invalid-input",
    retryable: false,
    issues,
    message: `The triggers are not valid: ${issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}`,
  })
}

// Its conditions, not its place: a list that is put in another order fires nothing again.
const nameOf = ({ type, conditions }: CampaignTrigger): string => {
  const { emailSubject = "", emailFrom = "", leadStatus = "", timeDelay = 0 } = conditions
  return JSON.stringify([type, emailSubject, emailFrom, leadStatus, timeDelay])
}

/** Fires those that match; one that fails holds up no other. Answers how many campaigns were started. */
const fire = async (
  core: Core,
  leadId: string,
  occasion: string,
  matches: (trigger: CampaignTrigger) => boolean,
): Promise<number> => {
  let started = 0
  for (const trigger of core.options.triggers ?? []) {
    const { campaignId, timeDelay = 0 } = trigger.conditions
    if (campaignId === undefined || !matches(trigger)) continue
    await core.attempt(`The trigger for the campaign ${campaignId}`, async () => {
      const start = { delayMs: timeDelay * minuteMs, occasion: `${occasion}/${nameOf(trigger)}` }
      if ((await startCampaign(core, campaignId, [leadId], start)).isNew) started += 1
    })
  }
  return started
}

const leadOfMessage = async (core: Core, message: InboundMessage): Promise<string | undefined> => {
  if (message.leadId !== undefined) return message.leadId
  const address = addressOf(message.from)
  const known = core.leads.findByEmail
  return known === undefined ? undefined : (await known.call(core.leads, address))?.id
}

// Native campaigns hear of it too: `replied` ends or goes on with theirs, their own triggers fire.
const tellNative = (core: Core, { id, from, subject }: InboundMessage, lead: string | undefined): Promise<void> =>
  core.attempt(`Telling native campaigns of the message ${id}`, async () => {
    const { runtime } = await core.open()
    const { ignored } = await runtime.receive({
      messageId: id,
      from,
      subject,
      ...(lead === undefined ? {} : { lead }),
    })
    if (ignored === "no-sender")
      core.warn(`Telling native campaigns of the message ${id} came to nothing: its sender cannot be read.`)
  })

/** An inbound mail: starts what its sender and subject match, once for each message id. */
export const receiveEmail = async (core: Core, message: InboundMessage): Promise<number> => {
  const leadId = await leadOfMessage(core, message)
  await tellNative(core, message, leadId)
  if (leadId !== undefined)
    return fire(core, leadId, `message ${message.id}`, (trigger) => matchesMessage(trigger, message))
  core.warn(`The message ${message.id} is from nobody that is known as a lead; it starts nothing.`)
  return 0
}

const statusKey = (leadId: string): string => `compat/lead-status/${leadId}`

/**
 * Stores the lead's status where native campaigns find it, which signals a new one to them as `status:<status>`. Of a lead
 * that its host keeps no more than id and status is stored.
 */
const tellNativeOfStatus = async (core: Core, access: Access, lead: HostLead): Promise<void> => {
  if (core.options.leads === undefined) return core.ownLeads.put(lead)
  const { id, status } = lead
  if (!status) return
  await core.attempt(`Telling native campaigns of the status of the lead ${id}`, async () => {
    const known = await access.lead(id)
    await access.putLead({ ...(known ?? { id, email: unknownAddress }), status })
  })
}

/**
 * A lead as it is now. Its status starts what it matches, once for each change: the same status again is none. `time`
 * triggers fire for a lead that is heard of for the first time, `timeDelay` minutes later.
 */
export const leadChanged = async (core: Core, lead: HostLead): Promise<number> => {
  const { access } = await core.open()
  await tellNativeOfStatus(core, access, lead)
  const known = await access.setting(statusKey(lead.id))
  const status = lead.status ?? ""
  if (known?.status === status) return 0
  const change = Number(known?.change ?? 0) + 1
  // First what follows, then the note: a crash in between repeats it under the same names, which schedules nothing twice.
  const started = await fire(core, lead.id, `change ${change}`, (trigger) =>
    trigger.type === "time" && known !== undefined ? false : matchesChange(trigger, lead),
  )
  await access.putSettings([{ key: statusKey(lead.id), value: { leadId: lead.id, status, change } }])
  return started
}
