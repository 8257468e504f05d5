import { createHash } from "node:crypto"

/** A number in [0, 1) that depends on nothing but its key: the same leads and the same failures in every run. */
export const chance = (...key: ReadonlyArray<string | number>): number =>
  createHash("sha256").update(key.join("\u0000")).digest().readUInt32BE(0) / 2 ** 32

/** The item that the key picks. */
export const pick = <Item>(
  items: readonly [Item, ...ReadonlyArray<Item>],
  ...key: ReadonlyArray<string | number>
): Item => items[Math.floor(chance(...key) * items.length)] ?? items[0]
