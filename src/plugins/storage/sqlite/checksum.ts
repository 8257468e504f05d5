import { crc32 } from "node:zlib"

/** What a row's columns must add up to when they are read again: finds every flip of up to 32 neighbouring bits. */
export const checksum = (...columns: ReadonlyArray<unknown>): number => {
  let text = ""
  for (const column of columns) text += `${column}\n`
  return crc32(text)
}
