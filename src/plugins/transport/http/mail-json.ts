import type { Message } from "../../../sdk/transport/message.ts"
import { attachmentsOf, headersOf } from "./message-json.ts"

/**
 * A whole mail as JSON: the message as transports get it, with all its headers, its attachments in base64, and the key
 * under which a second copy would come.
 *
 * @throws InvalidInput for headers and attachments that could mean something else on the way.
 */
export const mailJson = (message: Message, { idempotencyKey }: { readonly idempotencyKey: string }): object => {
  const { messageId, date, from, to, replyTo, envelope, subject, text, html } = message
  return {
    idempotencyKey,
    messageId,
    date,
    from,
    to,
    ...(replyTo === undefined ? {} : { replyTo }),
    envelope,
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    headers: Object.fromEntries(headersOf(message)),
    attachments: attachmentsOf(message),
  }
}
