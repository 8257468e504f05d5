import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const source = fileURLToPath(new URL("power-loss.c", import.meta.url))

/** A disk that remembers what of a folder was synced. */
export interface ShadowedDisk {
  /** For the process that writes to the folder. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * The power goes: each page of each file is as it was at its last sync or, where `roll` says so, as it is now. Disks
   * write in any order what nobody has waited for.
   */
  readonly losePower: (roll: () => number) => void
}

const pageSize = 4_096

// What was not synced may have reached the disk all the same, page by page.
const torn = (durable: Buffer, live: Buffer, roll: () => number): Buffer => {
  const chance = [0, 0.3, 1][Math.floor(roll() * 3)] ?? 0
  const length = roll() < chance ? Math.max(durable.length, live.length) : durable.length
  const result = Buffer.alloc(length)
  durable.copy(result)
  for (let at = 0; at < length; at += pageSize)
    if (roll() < chance) live.copy(result, at, at, Math.min(at + pageSize, length))
  return result
}

/** Compiles the library (gcc) and prepares a shadow of the folder in another one. */
export const shadowDisk = (folder: string, scratch: string): ShadowedDisk => {
  const library = join(scratch, "power-loss.so")
  const shadow = join(scratch, "shadow")
  mkdirSync(join(shadow, "names"), { recursive: true })
  if (!existsSync(library)) execFileSync("gcc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"])
  return {
    environment: { LD_PRELOAD: library, SENDSTATE_SHADOWED: folder, SENDSTATE_SHADOW: shadow },
    losePower: (roll) => {
      const names = new Map(
        readdirSync(join(shadow, "names"))
          .filter((name) => !name.endsWith(".new"))
          .map((name) => [name, readFileSync(join(shadow, "names", name), "utf8")]),
      )
      const live = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
      const found = [...names].map(([name, inode]): readonly [string, Buffer] => {
        const copy = join(shadow, inode)
        const durable = existsSync(copy) ? readFileSync(copy) : Buffer.alloc(0)
        return [name, torn(durable, live.get(name) ?? durable, roll)]
      })
      for (const name of live.keys()) rmSync(join(folder, name))
      rmSync(shadow, { recursive: true })
      mkdirSync(join(shadow, "names"), { recursive: true })
      // What is found after a power loss has been on the disk.
      for (const [name, bytes] of found) {
        writeFileSync(join(folder, name), bytes, { mode: 0o600 })
        const inode = String(statSync(join(folder, name)).ino)
        writeFileSync(join(shadow, inode), bytes)
        writeFileSync(join(shadow, "names", name), inode)
      }
    },
  }
}
