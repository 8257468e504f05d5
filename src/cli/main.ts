import process from "node:process"
import { commandTable } from "./command-table.ts"
import { exitCodes } from "./exit-code.ts"
import { showFailure } from "./failure.ts"
import { err, out } from "./output.ts"
import { commandText, overviewText } from "./usage.ts"
import { UsageError } from "./usage-error.ts"

const isExitCode = (value: unknown): value is number => typeof value === "number"

const version = async (): Promise<string> => {
  const { readFile } = await import("node:fs/promises")
  const manifest: unknown = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"))
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "?"
}

const runCommand = async (name: string, raw: ReadonlyArray<string>): Promise<number> => {
  const entry = Object.hasOwn(commandTable, name) ? commandTable[name] : undefined
  if (entry === undefined) throw new UsageError(`There is no command "${name}". See sendstate --help.`)
  const command = await entry.load()
  const beforeDashes = raw.includes("--") ? raw.slice(0, raw.indexOf("--")) : raw
  if (beforeDashes.includes("--help") || beforeDashes.includes("-h")) {
    out.line(commandText(name, entry.summary, command))
    return exitCodes.done
  }
  const result = await command.run(raw)
  return isExitCode(result) ? result : Number(process.exitCode ?? exitCodes.done)
}

/** The command line: everything after the binary's name. Never throws; sets the process's exit code. */
export const main = async (argv: ReadonlyArray<string>): Promise<void> => {
  const [name, ...rest] = argv
  try {
    if (name === undefined) {
      err.line(overviewText(commandTable))
      process.exitCode = exitCodes.trouble
    } else if (name === "--help" || name === "-h" || name === "help") out.line(overviewText(commandTable))
    else if (name === "--version" || name === "-v") out.line(await version())
    else process.exitCode = await runCommand(name, rest)
  } catch (error) {
    showFailure(error, rest.includes("--json"))
    if (error instanceof UsageError && name !== undefined && Object.hasOwn(commandTable, name))
      err.line(`See sendstate ${name} --help.`)
    process.exitCode = exitCodes.trouble
  }
}
