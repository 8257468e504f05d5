import { checkDisplayName, type Mailbox, parseAddress } from "../../../sdk/domain/address.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import { attachmentPart } from "../mime/attachment-part.ts"
import { headerFields } from "../mime/header-fields.ts"

/** `"Ann" <ann@acme.test>`: one mailbox, whatever the name holds. */
export const mailboxText = ({ name, address }: Mailbox): string => {
  const parsed = parseAddress(address)
  return name === undefined || name === ""
    ? parsed
    : `"${checkDisplayName(name).replace(/["\\]/g, "\\$&")}" <${parsed}>`
}

/** All headers of the mail beside the standard ones, checked. */
export const headersOf = (message: Message): ReadonlyArray<readonly [name: string, value: string]> =>
  headerFields(message).map(({ key, value }) => [key, value])

/** An attachment as JSON APIs take it. */
export interface JsonAttachment {
  readonly filename: string
  readonly base64: string
  readonly contentType: string
  readonly contentId?: string
}

/** The attachments, checked. */
export const attachmentsOf = (message: Message): ReadonlyArray<JsonAttachment> =>
  message.attachments.map(attachmentPart).map(({ filename, content, contentType, cid }) => ({
    filename,
    base64: content.toString("base64"),
    contentType: contentType ?? "application/octet-stream",
    ...(cid === undefined ? {} : { contentId: cid }),
  }))

/** The reply's body as an object; undefined when it is none. */
export const jsonOf = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    // No JSON: an error page of something in between.
    return undefined
  }
}

/** Refuses what the provider would send to somebody else or from somewhere else than the message says. */
export const checkEnvelope = (message: Message, provider: string): void => {
  const { from, to } = message.envelope
  const same = to === message.to.address && from === message.from.address
  if (same) return
  throw new InvalidInput({
    code: "envelope-unsupported",
    retryable: false,
    issues: [{ path: "envelopeFrom", message: "differs from the address of from" }],
    message: `The message is refused: ${provider} sets the bounce address itself. Leave envelopeFrom out of the campaign, or use the smtp transport.`,
  })
}
