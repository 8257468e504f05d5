import { crc32 } from "node:zlib"

/** What a row's columns must add up to when they are read again: finds every flip of up to 32 neighbouring bits. */
export const checksum = (...columns: ReadonlyArray<unknown>): number => crc32(columns.join("\n"))
