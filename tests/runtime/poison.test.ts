import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { openStore } from "sendstate"
import { sqlite } from "sendstate/storage/sqlite"
import { expect, test } from "vitest"
import { temporaryFolder } from "./world.ts"

const script = fileURLToPath(new URL("./poison-process.ts", import.meta.url))

/** How the process ended. */
const runProcess = async (file: string): Promise<number | string | null> => {
  const child = spawn(process.execPath, ["--conditions=sendstate-source", script, file], {
    stdio: ["ignore", "ignore", "inherit"],
  })
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null]
  return signal ?? code
}

test("a mail that kills its process is given up after three deaths, and all others are sent", async () => {
  const file = join(temporaryFolder(), "store.db")
  const ends: Array<number | string | null> = []
  while (ends.at(-1) !== 0 && ends.length < 8) ends.push(await runProcess(file))
  expect(ends).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", 0])
  const store = await openStore(sqlite(file))
  const reasons = []
  for await (const { leadId, context } of store.executions())
    if (context.outcome !== "sent") reasons.push([leadId, context.outcome, context.reason?.code])
  expect(reasons).toEqual([["lead3@example.test", "failed", "crashed"]])
  expect((await store.campaigns())[0]?.counts).toMatchObject({ sent: 11, failed: 1, inDoubtTotal: 0 })
  await store.close()
})
