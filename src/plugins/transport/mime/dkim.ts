import { TransportError } from "../../../sdk/errors.ts"
import type { MimeLibrary } from "./mime-library.ts"

/** Whose signature, and with which key. */
export interface DkimOptions {
  readonly domainName: string
  readonly keySelector: string
  readonly privateKey: string
}

/**
 * RFC 6376 5.4.1, and both List-Unsubscribe headers: RFC 8058 4 asks for a signature that covers them.
 * From and Subject are named as they stand once in the mail.
 */
const signedFields =
  "From:Reply-To:Subject:Date:Message-ID:To:MIME-Version:Content-Type:Content-Transfer-Encoding:List-Id:List-Unsubscribe:List-Unsubscribe-Post"

/**
 * The message with a DKIM-Signature in front.
 *
 * @throws TransportError with code `dkim` when it could not be signed: a mail without the signature that was asked
 * for must not leave.
 */
export const signed = async (message: Buffer, options: DkimOptions, DKIM: MimeLibrary["DKIM"]): Promise<Buffer> => {
  const signer = new DKIM({ ...options, headerFieldNames: signedFields })
  const pieces: Array<Buffer> = []
  for await (const piece of signer.sign(message)) pieces.push(Buffer.from(piece))
  const result = Buffer.concat(pieces)
  // Nodemailer leaves the signature out without a word when the key does not work.
  if (result.subarray(0, 15).toString("latin1").toLowerCase() === "dkim-signature:") return result
  throw new TransportError({
    code: "dkim",
    retryable: false,
    transport: "mime",
    message: `The mail could not be signed for ${options.domainName}. Check dkim.privateKey: it must be an RSA key.`,
  })
}
