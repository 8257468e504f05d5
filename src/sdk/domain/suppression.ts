import { addressKey } from "./address.ts"
import { contentHash } from "./content-hash.ts"

/** The document key under which an address is suppressed: a hash, so that the list holds no addresses. */
export const suppressionKey = (address: string): string => `address:${contentHash(addressKey(address))}`
