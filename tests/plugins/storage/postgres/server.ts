import { connect } from "node:net"
import process from "node:process"
import { type PostgresOptions, postgres } from "sendstate/storage/postgres"
import type { StoreSubject } from "sendstate/testing"

/** The server for tests. */
export const serverUrl = process.env.SENDSTATE_TEST_POSTGRES ?? "postgres://root@127.0.0.1:5432/test"

const { hostname, port } = new URL(serverUrl)

/** Why tests that need the server cannot run; `undefined` where they can. In CI it has to be there. */
export const noServer: string | undefined = await new Promise<string | undefined>((resolve, reject) => {
  const socket = connect({ host: hostname, port: Number(port || 5_432) })
  socket.on("connect", () => {
    socket.destroy()
    resolve(undefined)
  })
  socket.on("error", (error) => {
    const reason = `no PostgreSQL at ${hostname}:${port} (${error.message}); set SENDSTATE_TEST_POSTGRES`
    if (process.env.CI === "true") reject(new Error(reason))
    else resolve(reason)
  })
})

let schemas = 0

/** A schema of its own. */
export const newSchema = (): string => {
  schemas += 1
  return `test_${process.pid}_${process.hrtime.bigint().toString(36)}_${schemas}`
}

const sql = async (...statements: ReadonlyArray<string>): Promise<void> => {
  const [PgClient, Effect, Redacted] = await Promise.all([
    import("@effect/sql-pg/PgClient"),
    import("effect/Effect"),
    import("effect/Redacted"),
  ])
  await Effect.runPromise(
    PgClient.PgClient.use((client) => Effect.forEach(statements, (text) => client.unsafe(text))).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(serverUrl), maxConnections: 1 })),
    ),
  )
}

/** Runs statements beside the store, as another program would. */
export const onServer = sql

/** Removes schemas with all that is in them. */
export const dropSchema = (schema: string): Promise<void> => sql(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)

/** A new store on virtual time, for the suite. */
export const postgresSubject = (options: Partial<PostgresOptions> = {}): StoreSubject => {
  const schema = newSchema()
  const storage = postgres({ url: serverUrl, schema, clock: "caller", ...options })
  return {
    storage,
    open: async (mode = "own") => storage.open({ mode, now: () => 0 }),
    dispose: () => dropSchema(schema),
  }
}
