import { parseAddress } from "../../../sdk/domain/address.ts"
import type { Message } from "../../../sdk/transport/message.ts"
import type { Extensions } from "./extensions.ts"
import { SmtpFailure } from "./failure.ts"

/** Who is named at the wire. */
export interface Envelope {
  readonly from: string
  readonly to: string
  /** Whether a local part needs SMTPUTF8 (RFC 6531); domains never do, they are A-labels. */
  readonly needsSmtpUtf8: boolean
}

const hasNonAscii = (text: string): boolean => /[^\u0020-\u007e]/.test(text)

/**
 * The envelope of a message, each address checked again right before the wire.
 *
 * @throws InvalidInput with code `invalid-address`.
 */
export const envelopeOf = (message: Message, envelopeFrom: string | undefined): Envelope => {
  const from = parseAddress(envelopeFrom ?? message.envelope.from)
  const to = parseAddress(message.envelope.to)
  const header = [message.from.address, message.to.address, message.replyTo?.address ?? ""]
  return { from, to, needsSmtpUtf8: [from, to, ...header].some(hasNonAscii) }
}

/**
 * Refuses what this server has said it cannot take, before anything is said to it.
 *
 * @throws SmtpFailure
 */
export const checkExtensions = (envelope: Envelope, size: number, extensions: Extensions): void => {
  if (envelope.needsSmtpUtf8 && !extensions.smtpUtf8)
    throw new SmtpFailure("mail", {
      word: "smtputf8-not-offered",
      detail: "an address has a non-ASCII local part and the server does not offer SMTPUTF8",
    })
  if (extensions.maxSize !== undefined && size > extensions.maxSize)
    throw new SmtpFailure("mail", {
      word: "message-too-large",
      detail: `the message has ${size} octets, the server takes at most ${extensions.maxSize}`,
    })
}
