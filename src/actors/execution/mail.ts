import {
  domainOf,
  type ExecutionRow,
  type Json,
  type Lead,
  type Message,
  type PreparedTemplate,
  type RenderInput,
  signToken,
} from "../../sdk/index.ts"
import type { Definition, LoadedDefinition } from "../campaign/definition.ts"
import { singleMailStep } from "../campaign/planner.ts"
import type { Secrets } from "../secrets.ts"
import { refuseGiant } from "./mail-size.ts"

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

const unsubscribeUrl = (
  { unsubscribe, topic }: Definition,
  lead: Lead,
  execution: Addressed,
  secrets: Secrets["Service"],
): string | undefined =>
  unsubscribe?.url
    .replaceAll("{leadId}", () => encodeURIComponent(execution.leadId))
    .replaceAll("{executionId}", () => encodeURIComponent(execution.id))
    .replaceAll("{token}", () =>
      secrets.unsubscribeToken({ leadId: execution.leadId, topic, executionId: execution.id }, lead.email),
    )

/**
 * The variables of one mail, weakest first: the campaign's, name parts, the lead's own fields, its data; `lead`,
 * `campaign` and `unsubscribeUrl` stand beside them.
 */
const variablesOf = (
  definition: Definition,
  lead: Lead,
  execution: Addressed,
  url: string | undefined,
): RenderInput["variables"] => {
  const { data, ...fields } = lead
  const flat = { ...nameParts(lead), ...fields, ...data }
  return {
    ...definition.variables,
    ...(url === undefined ? {} : { unsubscribeUrl: url }),
    ...flat,
    lead: flat,
    campaign: { id: definition.id, step: execution.step === singleMailStep ? 1 : execution.step + 1 },
  }
}

/** `<execution@domain>`: the same for all attempts of one execution. */
export const messageIdOf = (executionId: string, definition: Definition): string =>
  `<${executionId}@${domainOf(definition.from.address)}>`

const listIdOf = ({ listId, topic, from }: Definition): string | undefined =>
  listId ?? (topic === null ? undefined : `<${topic}.${domainOf(from.address)}>`)

/** Renders one mail for one lead, and makes the complete message of it. Throws what the renderer throws. */
export const makeMessage = (
  template: PreparedTemplate,
  { definition, attachments }: LoadedDefinition,
  lead: Lead,
  execution: Addressed,
  { now, secrets }: { readonly now: number; readonly secrets: Secrets["Service"] },
): Message => {
  const url = unsubscribeUrl(definition, lead, execution, secrets)
  const locale = lead.locale ?? definition.locale
  const mail = template.render({
    variables: variablesOf(definition, lead, execution, url),
    ...(locale === null ? {} : { locale }),
    timeZone: lead.timeZone ?? definition.timeZone,
    executionId: execution.id,
    sign: (...token) => signToken(secrets.signingKeys, ...token),
    now,
  })
  refuseGiant(mail, definition.steps[execution.step]?.template ?? "")
  const listId = listIdOf(definition)
  return {
    messageId: messageIdOf(execution.id, definition),
    date: now,
    from: definition.from,
    to:
      lead.name === undefined || lead.name === "" ? { address: lead.email } : { name: lead.name, address: lead.email },
    ...(definition.replyTo === null ? {} : { replyTo: definition.replyTo }),
    envelope: { from: definition.envelopeFrom, to: lead.email },
    subject: mail.subject,
    ...(mail.html === undefined ? {} : { html: mail.html }),
    text: mail.text,
    headers: { ...definition.headers, ...(listId === undefined ? {} : { "List-ID": listId }) },
    ...(url === undefined || definition.unsubscribe === null
      ? {}
      : { listUnsubscribe: { urls: [url], oneClick: definition.unsubscribe.oneClick } }),
    attachments,
  }
}
