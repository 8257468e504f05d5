import { parseAddress } from "../../../sdk/domain/address.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import { type AttachmentPart, attachmentPart } from "./attachment-part.ts"
import { type HeaderField, headerFields } from "./header-fields.ts"

interface NamedAddress {
  name: string
  address: string
}

/** A message in nodemailer's words, closed against everything that could reach for a file, a URL or another recipient. */
export interface MailOptions {
  from: NamedAddress
  to: NamedAddress
  replyTo?: NamedAddress
  subject: string
  messageId: string
  date: Date
  headers: Array<HeaderField>
  text: string
  html?: string
  attachments: Array<AttachmentPart>
  disableFileAccess: true
  disableUrlAccess: true
}

/**
 * The message as nodemailer takes it.
 *
 * @throws InvalidInput for unsafe addresses, headers or attachments.
 */
export const mailOptions = (message: Message): MailOptions => ({
  from: named(message.from),
  to: named(message.to),
  ...(message.replyTo === undefined ? {} : { replyTo: named(message.replyTo) }),
  subject: message.subject,
  messageId: message.messageId,
  date: new Date(message.date),
  headers: headerFields(message),
  text: bodyText("text", message.text),
  ...(message.html === undefined ? {} : { html: bodyText("html", message.html) }),
  attachments: message.attachments.map(attachmentPart),
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** Nodemailer takes objects that name a file, a URL or raw MIME in the place of text; nobody here may. */
const bodyText = (path: string, body: unknown): string => {
  if (typeof body === "string") return body
  throw new InvalidInput({
    code: "invalid-body",
    retryable: false,
    issues: [{ path, message: "must be text" }],
    message: `The message is refused: ${path} must be text.`,
  })
}

/** A fresh object: nodemailer normalises addresses in place. */
const named = ({ name, address }: Message["to"]): NamedAddress => ({ name: name ?? "", address: parseAddress(address) })
