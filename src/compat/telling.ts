import type { Core } from "./core.ts"
import { unknownAddress } from "./placeholder.ts"
import type { HostLead, InboundMessage } from "./sources.ts"
import { leadKnown, leadKnownAs } from "./triggers.ts"

const addressOf = (from: string): string => (/<([^<>]+)>\s*$/.exec(from)?.[1] ?? from).trim().toLowerCase()

const leadOfMessage = async (core: Core, message: InboundMessage): Promise<string | undefined> => {
  if (message.leadId !== undefined) return message.leadId
  const known = core.leads.findByEmail
  return known === undefined ? undefined : (await known.call(core.leads, addressOf(message.from)))?.id
}

/** Stores a lead that its host keeps: no more of it than id and status, which is signalled where it is new. */
const storeHosted = async (core: Core, id: string, status: string | undefined): Promise<number> => {
  const { access } = await core.open()
  const { status: _before, ...known } = (await access.lead(id)) ?? { id, email: unknownAddress }
  return (await access.putLead({ ...known, ...(status ? { status } : {}) })).signal?.started ?? 0
}

/** An inbound mail: native triggers start what its sender and subject match, once for each message id. */
export const receiveEmail = async (core: Core, message: InboundMessage): Promise<number> => {
  const { id, from, subject, headers = {} } = message
  const lead = await leadOfMessage(core, message)
  const { runtime, access } = await core.open()
  // Triggers ask for leads that are stored.
  if (lead !== undefined && (await access.lead(lead)) === undefined) await storeHosted(core, lead, undefined)
  const { started } = await runtime.receive({
    messageId: id,
    from,
    subject,
    headers,
    ...(lead === undefined ? {} : { lead }),
  })
  if (lead === undefined && started === 0)
    core.warn(`The message ${id} is from nobody that is known as a lead; it starts nothing.`)
  return started
}

/**
 * A lead as it is now: native triggers start what its status matches, once for each change, and what `time` triggers ask
 * for when it is heard of for the first time.
 */
export const leadChanged = async (core: Core, lead: HostLead): Promise<number> => {
  const { runtime } = await core.open()
  const status = lead.status ?? ""
  const byStatus =
    core.options.leads === undefined ? await core.ownLeads.put(lead) : await storeHosted(core, lead.id, status)
  // The same ids again, so that they are told once for each lead.
  const known = await runtime.signal({ lead: lead.id, event: leadKnown, id: "compat/lead-known" })
  const knownAs = await runtime.signal({ lead: lead.id, event: leadKnownAs(status), id: "compat/lead-known-as" })
  return byStatus + known.started + knownAs.started
}
