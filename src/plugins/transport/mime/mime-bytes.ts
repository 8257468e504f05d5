import type MimeNode from "nodemailer/lib/mime-node"
import { quotedPrintable } from "./quoted-printable.ts"

const crlf = Buffer.from("\r\n")

/** 76 characters a line (RFC 2045 6.8). */
const base64 = (content: Buffer): Buffer =>
  Buffer.from(content.toString("base64").replace(/.{76}(?=.)/g, "$&\r\n"), "latin1")

const canonicalLines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n")

const encoded = (node: MimeNode): Buffer => {
  const { content } = node
  if (content === undefined || content === "") return Buffer.alloc(0)
  if (typeof content !== "string" && !Buffer.isBuffer(content))
    throw new TypeError("a MIME part holds something else than text or bytes")
  // Set by buildHeaders; asking for it again would look at each character again.
  const encoding = node.getHeader("Content-Transfer-Encoding")
  if (encoding === "base64" || Buffer.isBuffer(content)) return base64(Buffer.from(content))
  const text = canonicalLines(content)
  return encoding === "quoted-printable" ? quotedPrintable(text) : Buffer.from(text)
}

/**
 * A MIME tree as bytes, 7 bit and with CRLF line ends throughout.
 *
 * Nodemailer's own `build()` pipes each part through several streams, which costs more than half a millisecond of CPU
 * per mail; parts in memory need none. Headers, boundaries and the choice of encoding stay nodemailer's.
 */
export const mimeBytes = (root: MimeNode): Buffer => {
  const pieces: Array<Buffer> = []
  append(root, pieces)
  const last = pieces.at(-1)
  if (last === undefined || !last.subarray(-2).equals(crlf)) pieces.push(crlf)
  return Buffer.concat(pieces)
}

const append = (node: MimeNode, pieces: Array<Buffer>): void => {
  pieces.push(Buffer.from(`${node.buildHeaders()}\r\n\r\n`))
  if (!node.multipart) {
    pieces.push(encoded(node))
    return
  }
  for (const child of node.childNodes) {
    pieces.push(Buffer.from(`${child === node.childNodes[0] ? "" : "\r\n"}--${node.boundary}\r\n`))
    append(child, pieces)
  }
  pieces.push(Buffer.from(`\r\n--${node.boundary}--\r\n`))
}
