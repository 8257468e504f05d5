import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Storage } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sqlite } from "sendstate/storage/sqlite"
import { expect, it, onTestFinished } from "vitest"
import { temporaryFolder } from "./stores.ts"

const storages: Readonly<Record<string, (file: string) => Storage>> = { sqlite, lowdb }

// Found by `npm run crash -- --power-loss`: the lock's file is never synced, so a power loss may leave anything in it.
it.each(Object.entries(storages))(
  "%s opens after a power loss that tore the file of its lock, and is locked then",
  async (_name, make) => {
    const folder = temporaryFolder()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, "store")
    const own = async () => make(file).open({ mode: "own", now: () => 0 })
    await (await own()).close()
    for (const torn of [
      Buffer.alloc(8_192),
      Buffer.from("SQLite format 3\u0000torn".padEnd(4_096, "?")),
      Buffer.from("x"),
    ]) {
      writeFileSync(`${file}.owner`, torn)
      const driver = await own()
      await expect(own()).rejects.toMatchObject({ _tag: "StorageOwned" })
      await driver.close()
    }
  },
)
