import { createHmac, type KeyObject } from "node:crypto"
import { addressKey } from "./address.ts"
import { contentHash } from "./content-hash.ts"

/** One entry of the suppression list: whom it means is only known to who knows the address. */
export interface Suppression {
  /** Its name in the storage: a hash of address and topic. */
  readonly key: string
  /** Epoch ms. */
  readonly at: number
  /** The words that it was given, for example `unsubscribed`, `complained`, `bounced`, `forgotten`. */
  readonly reason: string
  /** What is not mailed; `null` for everything. */
  readonly topic: string | null
}

/** A key without a secret, under which lists of earlier versions hold an address: it still suppresses. */
export const plainSuppressionKey = (address: string): string => `address:${contentHash(addressKey(address))}`

/**
 * The document key under which an address is suppressed, for one topic or (`null`) for everything: HMAC-SHA256 with a
 * secret, so that nobody who has the list alone can find out who is on it. A KeyObject, since to make one of the secret's bytes
 * takes ten times as long as the hash.
 */
export const suppressionKey = (secret: KeyObject, address: string, topic: string | null): string => {
  const words = ["sendstate/suppression/1", topic ?? "", addressKey(address)]
  const text = words.map((word) => `${Buffer.byteLength(word)}:${word}`).join("")
  return `keyed:${createHmac("sha256", secret).update(text).digest("hex").slice(0, 40)}`
}
