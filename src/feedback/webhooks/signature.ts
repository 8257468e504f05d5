import { createHmac, timingSafeEqual } from "node:crypto"

/** Whether two secrets are the same, in a time that tells nothing about where they differ. */
export const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && timingSafeEqual(left, right)

/** HMAC-SHA256 over the pieces, one after the other. */
export const hmac = (key: Uint8Array, ...pieces: ReadonlyArray<string | Uint8Array>): Buffer => {
  const mac = createHmac("sha256", key)
  for (const piece of pieces) mac.update(piece)
  return mac.digest()
}
