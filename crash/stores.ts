import { rm } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import type { Storage } from "sendstate/sdk"

/** Storages that can be killed. */
export const storageNames = ["sqlite", "lowdb", "postgres"] as const

export type StorageName = (typeof storageNames)[number]

const server = process.env.SENDSTATE_TEST_POSTGRES ?? "postgres://root@127.0.0.1:5432/test"

const schemaOf = (folder: string): string =>
  `crash_${folder
    .replace(/[^a-z0-9]/gi, "")
    .slice(-20)
    .toLowerCase()}`

/** The store that lies in this folder, or in the schema that is named after it. */
export const openStorage = async (name: StorageName, folder: string): Promise<Storage> => {
  switch (name) {
    case "sqlite": {
      const { sqlite } = await import("sendstate/storage/sqlite")
      return sqlite(join(folder, "store.db"))
    }
    case "lowdb": {
      const { lowdb } = await import("sendstate/storage/lowdb")
      return lowdb(join(folder, "store.json"))
    }
    case "postgres": {
      const { postgres } = await import("sendstate/storage/postgres")
      return postgres({ url: server, schema: schemaOf(folder), maxConnections: 2 })
    }
  }
}

/** Removes the store. */
export const removeStore = async (name: StorageName, folder: string): Promise<void> => {
  if (name === "postgres") {
    const [PgClient, Effect, Redacted] = await Promise.all([
      import("@effect/sql-pg/PgClient"),
      import("effect/Effect"),
      import("effect/Redacted"),
    ])
    await Effect.runPromise(
      PgClient.PgClient.use((client) => client.unsafe(`DROP SCHEMA IF EXISTS "${schemaOf(folder)}" CASCADE`)).pipe(
        Effect.provide(PgClient.layer({ url: Redacted.make(server), maxConnections: 1 })),
      ),
    )
  }
  await rm(folder, { recursive: true, force: true })
}
