import { createHmac, timingSafeEqual } from "node:crypto"
import { InvalidInput } from "./errors.ts"

/** What a token is for: one made for one purpose is worth nothing for another. Ends with its version. */
export type TokenPurpose = "unsubscribe/1" | "open/1" | "click/1"

/** Keys that sign tokens: at least 32 bytes each. The first signs; all are accepted, so that one can be replaced. */
export type SigningKeys = ReadonlyArray<string | Uint8Array>

const shortestKeyBytes = 32
const longestToken = 4_096

const bytesOf = (key: string | Uint8Array): Uint8Array => (typeof key === "string" ? Buffer.from(key) : key)

/**
 * Keys that are long enough.
 *
 * @throws InvalidInput for none, or one of fewer than 32 bytes: a short key can be guessed, and with it anybody could
 * unsubscribe anybody.
 */
export const checkSigningKeys = (keys: SigningKeys): ReadonlyArray<Uint8Array> => {
  const bytes = keys.map(bytesOf)
  if (bytes.length > 0 && bytes.every((key) => key.byteLength >= shortestKeyBytes)) return bytes
  throw new InvalidInput({
    code: "signing-key",
    retryable: false,
    issues: [{ path: "signingKeys", message: `must be one or more keys of at least ${shortestKeyBytes} bytes` }],
    message: `Links are signed with a key of at least ${shortestKeyBytes} random bytes. Make one: openssl rand -base64 48`,
  })
}

// Each word with its length, so that no two lists of words give the same text.
const mac = (key: Uint8Array, purpose: TokenPurpose, words: ReadonlyArray<string>): Buffer =>
  createHmac("sha256", key)
    .update([`sendstate/${purpose}`, ...words].map((word) => `${Buffer.byteLength(word)}:${word}`).join(""))
    .digest()

/** Words that nobody can change, for a URL: `A-Z a-z 0-9 - _ .` only. HMAC-SHA256 over purpose and words. */
export const signToken = (
  keys: ReadonlyArray<Uint8Array>,
  purpose: TokenPurpose,
  words: ReadonlyArray<string>,
): string => {
  const [key] = keys
  if (key === undefined) return ""
  const payload = Buffer.from(JSON.stringify(words)).toString("base64url")
  return `${payload}.${mac(key, purpose, words).toString("base64url")}`
}

/** The words of a token, or `undefined` when it was not signed by one of the keys for this purpose. */
export const readToken = (
  keys: ReadonlyArray<Uint8Array>,
  purpose: TokenPurpose,
  token: string,
): ReadonlyArray<string> | undefined => {
  if (token.length > longestToken) return undefined
  const [payload = "", signature = ""] = token.split(".")
  const words = wordsOf(payload)
  if (words === undefined) return undefined
  const given = Buffer.from(signature, "base64url")
  const isSigned = keys.some((key) => {
    const expected = mac(key, purpose, words)
    return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
  })
  return isSigned ? words : undefined
}

const wordsOf = (payload: string): ReadonlyArray<string> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, "base64url").toString())
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined
  } catch {
    // Not a token of ours.
    return undefined
  }
}
