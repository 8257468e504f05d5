/**
 * Whether this id belongs to the sampled share: the same answer each time, in every process.
 *
 * FNV-1a with a final mix (public domain, Noll and Appleby): ids that differ in one digit spread evenly.
 */
export const isSampled = (id: string, share: number): boolean => {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < share
}
