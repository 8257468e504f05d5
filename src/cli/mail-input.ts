import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import process from "node:process"
import { UsageError } from "./usage-error.ts"

/** The largest mail that is read, bytes: beyond what mail servers take. */
const mostBytes = 64 * 1024 * 1024

/**
 * A raw mail: a file's content, or with `-` all of stdin.
 *
 * @throws UsageError when it is a folder, there is nothing in it, or more than 64 MB.
 */
export const readMail = async (file: string): Promise<Uint8Array> => {
  if (file !== "-" && (await stat(file)).isDirectory())
    throw new UsageError(`${file} is a folder: give a file in it that holds one mail.`)
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of file === "-" ? process.stdin : createReadStream(file)) {
    const bytes = Buffer.from(piece)
    size += bytes.byteLength
    if (size > mostBytes) throw new UsageError("The mail has more than 64 MB: no mail server would have taken it.")
    pieces.push(bytes)
  }
  const mail = Buffer.concat(pieces)
  if (mail.toString("latin1").trim() === "")
    throw new UsageError(`There is no mail in ${file === "-" ? "what was piped in" : file}.`)
  return mail
}
