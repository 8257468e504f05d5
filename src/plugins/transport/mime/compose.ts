import { createHash } from "node:crypto"
import type { Message } from "../../../sdk/transport/message.ts"
import { type DkimOptions, signed } from "./dkim.ts"
import { mailOptions } from "./mail-options.ts"
import { mimeBytes } from "./mime-bytes.ts"
import { mimeLibrary } from "./mime-library.ts"

/**
 * The message as it goes over the wire: headers, MIME parts, CRLF line ends, 7 bit, signed when `dkim` is given.
 *
 * The same message gives the same bytes: boundaries are derived from the Message-ID, and RSA signatures have no
 * randomness. So a resend is a copy that receivers can recognise.
 *
 * @throws InvalidInput for unsafe headers or attachments; MissingDependency without nodemailer.
 */
export const compose = async (message: Message, dkim?: DkimOptions): Promise<Buffer> => {
  const options = mailOptions(message)
  const { MailComposer, DKIM } = await mimeLibrary()
  const mail = new MailComposer({
    ...options,
    baseBoundary: createHash("sha256").update(message.messageId).digest("hex").slice(0, 24),
    boundaryPrefix: "=_sendstate",
  })
  const bytes = mimeBytes(mail.compile())
  return dkim === undefined ? bytes : signed(bytes, dkim, DKIM)
}
