import { hash } from "node:crypto"

const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, canonical(item)]),
  )
}

/** A JSON value's name by content: 32 hex digits of SHA-256, the same whatever the order of its keys. */
export const contentHash = (value: unknown): string =>
  hash("sha256", JSON.stringify(canonical(value)), "hex").slice(0, 32)

/**
 * A deterministic id of some words: 24 digits of base 32 (120 bits). Two lists of words give the same id only if they
 * are the same words.
 */
export const idOf = (...words: ReadonlyArray<string | number>): string => {
  const text = words.map((word) => `${String(word).length}:${word}`).join("")
  // UTF-16, since UTF-8 writes each half of a surrogate pair as the same replacement character.
  const digest = hash("sha256", Buffer.from(text, "utf16le"), "buffer")
  let id = ""
  for (let index = 0; index < 15; index += 5) {
    const high = digest.readUIntBE(index, 5)
    id += high.toString(32).padStart(8, "0")
  }
  return id
}
