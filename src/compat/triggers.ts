import type { HostTrigger } from "sendstate"
import { invalidInput, statusEvent } from "sendstate/sdk"
import { startCampaign } from "./campaign-start.ts"
import type { Core } from "./core.ts"
import type { CampaignTrigger } from "./types.ts"

const minuteMs = 60_000

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
  if (issues.length > 0) throw invalidInput("The list of triggers", issues)
}

/** What a lead signals once, when it is heard of for the first time. */
export const leadKnown = "lead.known"

/** The same for its status then, `""` for none. */
export const leadKnownAs = (status: string): string => `${leadKnown}:${statusEvent(status)}`.slice(0, 100)

const onOf = ({ type, conditions }: CampaignTrigger): HostTrigger["on"] | undefined => {
  const { emailSubject = "", emailFrom = "", leadStatus } = conditions
  switch (type) {
    case "email":
      // One that asks for nothing matches every mail: what each of them signals.
      if (emailSubject + emailFrom === "") return { event: "replied" }
      return { mail: { subject: emailSubject, from: emailFrom } }
    case "lead_status":
      return { event: statusEvent(leadStatus ?? "") }
    case "time":
      return { event: leadStatus === undefined ? leadKnown : leadKnownAs(leadStatus) }
    case "manual":
      return undefined
  }
}

// What it says, not its place: a list that is put in another order fires nothing again.
const nameOf = ({ type, conditions }: CampaignTrigger): string => {
  const { campaignId, emailSubject = "", emailFrom = "", leadStatus = "", timeDelay = 0 } = conditions
  return JSON.stringify([type, campaignId, emailSubject, emailFrom, leadStatus, timeDelay])
}

const nativeTrigger = (core: Core, trigger: CampaignTrigger): ReadonlyArray<HostTrigger> => {
  const on = onOf(trigger)
  const { campaignId, timeDelay = 0 } = trigger.conditions
  if (on === undefined || campaignId === undefined) return []
  const start: HostTrigger["start"] = async ({ id, lead }) => {
    try {
      await core.requireOpen()
      const how = { delayMs: timeDelay * minuteMs, occasion: id, whileOpen: true }
      return (await startCampaign(core, campaignId, [lead], how)).isNew
    } catch (error) {
      core.warn(
        `The trigger for the campaign ${campaignId} failed: ${error instanceof Error ? error.message : String(error)}`,
      )
      throw error
    }
  }
  return [{ id: nameOf(trigger), on, start }]
}

/** The native triggers that start the host's campaigns; two that say the same are one. */
export const nativeTriggers = (core: Core, triggers: ReadonlyArray<CampaignTrigger>): ReadonlyArray<HostTrigger> => [
  ...new Map(triggers.flatMap((trigger) => nativeTrigger(core, trigger)).map((one) => [one.id, one])).values(),
]
