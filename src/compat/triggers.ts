import { startCampaign } from "./campaign-start.ts"
import type { Core } from "./core.ts"
import type { HostLead, InboundMessage } from "./sources.ts"
import type { CampaignTrigger } from "./types.ts"

const minuteMs = 60_000

const holds = (part: string | undefined, text: string): boolean =>
  part === undefined || text.toLowerCase().includes(part.toLowerCase())

const matchesMessage = ({ type, conditions }: CampaignTrigger, message: InboundMessage): boolean =>
  type === "email" && holds(conditions.emailSubject, message.subject) && holds(conditions.emailFrom, message.from)

const matchesChange = ({ type, conditions }: CampaignTrigger, lead: HostLead): boolean =>
  (type === "lead_status" && conditions.leadStatus !== undefined && conditions.leadStatus === lead.status) ||
  (type === "time" && (conditions.leadStatus === undefined || conditions.leadStatus === lead.status))

const addressOf = (from: string): string => (/<([^<>]+)>\s*$/.exec(from)?.[1] ?? from).trim().toLowerCase()

/** Fires those that match; one that fails holds up no other. Answers how many campaigns were started. */
const fire = async (
  core: Core,
  leadId: string,
  occasion: string,
  matches: (trigger: CampaignTrigger) => boolean,
): Promise<number> => {
  let started = 0
  for (const [index, trigger] of (core.options.triggers ?? []).entries()) {
    const { campaignId, timeDelay = 0 } = trigger.conditions
    if (campaignId === undefined || !matches(trigger)) continue
    await core.attempt(`The trigger for the campaign ${campaignId}`, async () => {
      const words = `${occasion}/${trigger.type}/${index}`
      await startCampaign(core, campaignId, [leadId], { delayMs: timeDelay * minuteMs, occasion: words })
      started += 1
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

/** An inbound mail: starts what its sender and subject match, once for each message id. */
export const receiveEmail = async (core: Core, message: InboundMessage): Promise<number> => {
  const leadId = await leadOfMessage(core, message)
  if (leadId !== undefined)
    return fire(core, leadId, `message ${message.id}`, (trigger) => matchesMessage(trigger, message))
  core.warn(`The message ${message.id} is from nobody that is known as a lead; it starts nothing.`)
  return 0
}

const statusKey = (leadId: string): string => `compat/lead-status/${leadId}`

/**
 * A lead as it is now. Its status starts what it matches, once for each change: the same status again is none. `time`
 * triggers fire for a lead that is heard of for the first time, `timeDelay` minutes later.
 */
export const leadChanged = async (core: Core, lead: HostLead): Promise<number> => {
  if (core.options.leads === undefined) await core.ownLeads.put(lead)
  const { access } = await core.open()
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
