import { defineCommand } from "citty"
import { countText } from "../duration-text.ts"
import { exitCodes } from "../exit-code.ts"
import { out, printable, writeJson } from "../output.ts"
import { findStoreFile, storageOfFile } from "../store-file.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

const shown = 50

/** Takes a file that was edited by hand as it is now; it must be well-formed. */
const acceptEdits = async (file: string): Promise<void> => {
  if (!file.endsWith(".json"))
    throw new UsageError("--accept is for .json databases: a SQLite file cannot be edited by hand.")
  const storage = await storageOfFile(file, { accept: true })
  const driver = await storage.open({ mode: "own", now: Date.now })
  await driver.close()
}

/** `sendstate verify`. */
export const verifyCommand = defineCommand({
  meta: { name: "verify" },
  args: {
    accept: { type: "boolean", description: "Take a .json database that was edited by hand as it is" },
    ...storeArgs,
  },
  run: async ({ args }) => {
    const file = await findStoreFile(args.db)
    if (args.accept === true) await acceptEdits(file)
    return withStore(file, async (store, database) => {
      const { executions, problems } = await store.verify()
      if (args.json === true) writeJson({ database, ok: problems.length === 0, executions, problems })
      else {
        out.line(
          `${database}: ${countText(executions, "execution")}, ${problems.length === 0 ? "all is well" : countText(problems.length, "problem")}`,
        )
        for (const { key, problem } of problems.slice(0, shown)) out.line(`  ${printable(key)}: ${printable(problem)}`)
        if (problems.length > shown) out.line(`  ... and ${problems.length - shown} more`)
      }
      return problems.length === 0 ? exitCodes.done : exitCodes.failures
    })
  },
})
