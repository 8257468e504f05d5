import {
  domainOf,
  type ExecutionRow,
  type Json,
  type Lead,
  type Message,
  type PreparedTemplate,
  type RenderedMail,
  type RenderInput,
} from "../../sdk/index.ts"
import type { Definition, LoadedDefinition } from "../campaign/definition.ts"
import { singleMailStep } from "../campaign/planner.ts"

/** Whose mail it is: what rendering and composing need of an execution. */
type Addressed = Pick<ExecutionRow, "id" | "leadId" | "step">

const words = (name: string): ReadonlyArray<string> => name.split(/\s+/).filter((word) => word !== "")

// firstName and lastName come from the name where the lead's data does not give them.
const nameParts = (lead: Lead): { readonly [key: string]: Json } => {
  if (lead.name === undefined) return {}
  const [first, ...rest] = words(lead.name)
  return {
    ...(first === undefined ? {} : { firstName: first }),
    ...(rest.length === 0 ? {} : { lastName: rest.join(" ") }),
  }
}

const unsubscribeUrl = (definition: Definition, execution: Addressed): string | undefined =>
  definition.unsubscribe?.url
    .replaceAll("{leadId}", encodeURIComponent(execution.leadId))
    .replaceAll("{executionId}", encodeURIComponent(execution.id))

/**
 * The variables of one mail, weakest first: the campaign's, name parts, the lead's own fields, its data; `lead`,
 * `campaign` and `unsubscribeUrl` stand beside them.
 */
const variablesOf = (definition: Definition, lead: Lead, execution: Addressed): RenderInput["variables"] => {
  const { data, ...fields } = lead
  const flat = { ...nameParts(lead), ...fields, ...data }
  const url = unsubscribeUrl(definition, execution)
  return {
    ...definition.variables,
    ...(url === undefined ? {} : { unsubscribeUrl: url }),
    ...flat,
    lead: flat,
    campaign: { id: definition.id, step: execution.step === singleMailStep ? 1 : execution.step + 1 },
  }
}

/** Renders one mail. Throws what the renderer throws. */
export const renderMail = (
  template: PreparedTemplate,
  definition: Definition,
  lead: Lead,
  execution: Addressed,
  now: number,
): RenderedMail => {
  const locale = lead.locale ?? definition.locale
  return template.render({
    variables: variablesOf(definition, lead, execution),
    ...(locale === null ? {} : { locale }),
    timeZone: lead.timeZone ?? definition.timeZone,
    now,
  })
}

/** `<execution@domain>`: the same for all attempts of one execution. */
export const messageIdOf = (executionId: string, definition: Definition): string =>
  `<${executionId}@${domainOf(definition.from.address)}>`

/** The complete message of one attempt. */
export const composeMessage = (
  { definition, attachments }: LoadedDefinition,
  lead: Lead,
  execution: Addressed,
  mail: RenderedMail,
  date: number,
): Message => {
  const url = unsubscribeUrl(definition, execution)
  return {
    messageId: messageIdOf(execution.id, definition),
    date,
    from: definition.from,
    to:
      lead.name === undefined || lead.name === "" ? { address: lead.email } : { name: lead.name, address: lead.email },
    ...(definition.replyTo === null ? {} : { replyTo: definition.replyTo }),
    envelope: { from: definition.envelopeFrom, to: lead.email },
    subject: mail.subject,
    ...(mail.html === undefined ? {} : { html: mail.html }),
    text: mail.text,
    headers: definition.headers,
    ...(url === undefined || definition.unsubscribe === null
      ? {}
      : { listUnsubscribe: { urls: [url], oneClick: definition.unsubscribe.oneClick } }),
    attachments,
  }
}
