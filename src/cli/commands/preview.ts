import { defineCommand } from "citty"
import type { CampaignHandle } from "sendstate"
import { domainOf, type Lead, type Mailbox, type Message, type SendOutcome } from "sendstate/sdk"
import { readCampaignFile } from "../campaign-file.ts"
import { type ExitCode, exitCodes } from "../exit-code.ts"
import { findLead } from "../lead-lookup.ts"
import { numberOption } from "../number-option.ts"
import { err, out, printable, writeJson } from "../output.ts"
import { openRehearsal } from "../rehearsal.ts"
import { defaultStoreFile } from "../store-file.ts"
import { sharedRenderer } from "../template-renderer.ts"
import { sendTestMail } from "../test-mail.ts"
import { type TransportRequest, testTransport } from "../transport-choice.ts"
import { UsageError } from "../usage-error.ts"
import { warningObjects, writeWarnings } from "../warning-text.ts"

const mailboxText = ({ name, address }: Mailbox): string => (name === undefined ? address : `${name} <${address}>`)

const write = (mail: Message, html: boolean): void => {
  const field = (name: string, value: string): void => out.line(`${out.style("dim", `${name}:`)} ${printable(value)}`)
  field("From", mailboxText(mail.from))
  if (mail.replyTo !== undefined) field("Reply-To", mailboxText(mail.replyTo))
  field("To", mailboxText(mail.to))
  field("Subject", mail.subject)
  for (const [name, value] of Object.entries(mail.headers)) field(name, value)
  if (mail.listUnsubscribe !== undefined) field("List-Unsubscribe", mail.listUnsubscribe.urls.join(", "))
  for (const { filename, content } of mail.attachments) field("Attachment", `${filename}, ${content.byteLength} bytes`)
  out.line()
  out.line(html ? (mail.html ?? mail.text) : mail.text)
}

const objectOf = (mail: Message): Record<string, unknown> => ({
  from: mail.from,
  to: mail.to,
  replyTo: mail.replyTo ?? null,
  subject: mail.subject,
  text: mail.text,
  html: mail.html ?? null,
  headers: mail.headers,
  listUnsubscribe: mail.listUnsubscribe ?? null,
  attachments: mail.attachments.map(({ filename, content }) => ({ filename, bytes: content.byteLength })),
})

/** The mail, and what it and its campaign are to be looked at for. */
const look = async (campaign: CampaignHandle, lead: Lead, step: number) => {
  const mail = await campaign.preview(lead, { step })
  const { warnings } = await campaign.preflight([lead], { step })
  return { mail, warnings }
}

const tellOutcome = (outcome: SendOutcome, to: string): ExitCode => {
  if (outcome.type === "accepted") {
    err.line(`sent to ${to}${outcome.response === undefined ? "" : `: ${printable(outcome.response)}`}`)
    return exitCodes.done
  }
  if (outcome.type === "unknown") {
    err.line(`in doubt (${outcome.stage}): it may have been delivered to ${to}`)
    return exitCodes.inDoubt
  }
  err.line(`refused (${outcome.enhancedCode ?? outcome.code}): ${printable(outcome.response ?? "")}`)
  return outcome.scope === "config" ? exitCodes.trouble : exitCodes.failures
}

const sendTo = async (mail: Message, to: string, transports: TransportRequest, object?: object): Promise<ExitCode> => {
  const { transport } = testTransport(transports, domainOf(mail.from.address))
  try {
    const outcome = await sendTestMail(transport, mail, to)
    const code = tellOutcome(outcome, to)
    if (object !== undefined) writeJson({ ...object, sentTo: to, outcome })
    return code
  } finally {
    await transport.close?.()
  }
}

/** `sendstate preview`. */
export const previewCommand = defineCommand({
  meta: { name: "preview" },
  args: {
    campaign: { type: "positional", required: true, valueHint: "CAMPAIGN.yaml", description: "Whose mail" },
    lead: { type: "string", valueHint: "ID", description: "Whom it is for: id or address of a lead" },
    leads: {
      type: "string",
      valueHint: "FILE",
      description: "Lead file. Default: the database, else leads.csv beside the campaign",
    },
    step: { type: "string", valueHint: "N", description: "Which mail, counted from 1; default 1" },
    html: { type: "boolean", description: "The HTML instead of the text" },
    to: { type: "string", valueHint: "ADDRESS", description: "Send this one mail there, as a test" },
    smtp: { type: "string", valueHint: "URL", description: "For --to. Default: that of a run" },
    db: { type: "string", valueHint: "FILE", description: "Database. Default: <campaign id>.db, here" },
    json: { type: "boolean", description: "One JSON object on stdout" },
  },
  run: async ({ args }) => {
    const step = numberOption("step", args.step, { min: 1, whole: true }) ?? 1
    if (args.lead === undefined) throw new UsageError("Whose mail? Give --lead ID.")
    const file = await readCampaignFile(args.campaign)
    const storeFile = args.db ?? defaultStoreFile(file.campaign.id)
    const lead = await findLead(args.lead, { leads: args.leads, storeFile, file })
    // The links of a test mail lead where they go: what it tells would be about no mail that is stored.
    const { renderer, close } = sharedRenderer(args.to === undefined ? file : { ...file, tracking: undefined })
    try {
      const rehearsal = await openRehearsal(file, { renderer, storeFile, update: true })
      const { mail, warnings } = await look(rehearsal.campaign, lead, step - 1).finally(rehearsal.close)
      writeWarnings(err, warnings)
      const object = args.json === true ? { ...objectOf(mail), warnings: warningObjects(warnings) } : undefined
      const transports = { asked: args.smtp === undefined ? [] : [args.smtp], listed: file.transports }
      if (args.to !== undefined) return await sendTo(mail, args.to, transports, object)
      if (object !== undefined) writeJson(object)
      else write(mail, args.html === true)
      return exitCodes.done
    } finally {
      await close()
    }
  },
})
