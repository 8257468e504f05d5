import { controlCharacters } from "../../../sdk/domain/control-characters.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import type { Attachment } from "../../../sdk/transport/message.ts"

const mediaType =
  /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*(\s*;\s*[a-z0-9*_.-]+=("[ !#-[\]-~]*"|[a-z0-9_.+/-]+))*$/i
const contentIdForm = /^[!-;=?-~]{1,255}$/
/** What nodemailer's MailComposer takes as an attachment: bytes, never a path or URL. */
export interface AttachmentPart {
  readonly filename: string
  readonly content: Buffer
  readonly contentTransferEncoding: "base64"
  readonly contentType?: string
  readonly cid?: string
}

const refuse = (index: number, reason: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-attachment",
    retryable: false,
    issues: [{ path: `attachments.${index}`, message: reason }],
    message: `The message is refused: attachments.${index}: ${reason}.`,
  })

/**
 * An attachment as it is composed.
 *
 * A mail as a file (`.eml`) travels as plain bytes: as `message/rfc822` it could not be encoded to 7 bit (RFC 2046 5.2.1).
 *
 * @throws InvalidInput with code `invalid-attachment`.
 */
export const attachmentPart = (attachment: Attachment, index: number): AttachmentPart => {
  const { filename, content, contentType, contentId } = attachment
  if (!(content instanceof Uint8Array)) throw refuse(index, "content must be bytes (Uint8Array)")
  if (typeof filename !== "string" || filename === "" || controlCharacters.test(filename) || filename.length > 255)
    throw refuse(index, "filename must be 1 to 255 characters without control characters")
  if (contentType !== undefined && (!mediaType.test(contentType) || /^(message|multipart)\//i.test(contentType)))
    throw refuse(index, "contentType must be a media type, and not message/* or multipart/*")
  if (contentId !== undefined && !contentIdForm.test(contentId))
    throw refuse(index, "contentId must be printable ASCII without spaces and angle brackets")
  const type = contentType ?? (/\.(eml|mht|mhtml|mime|nws)$/i.test(filename) ? "application/octet-stream" : undefined)
  return {
    filename,
    content: Buffer.from(content.buffer, content.byteOffset, content.byteLength),
    contentTransferEncoding: "base64",
    ...(type === undefined ? {} : { contentType: type }),
    ...(contentId === undefined ? {} : { cid: contentId }),
  }
}
