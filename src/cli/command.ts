import type { ArgsDef, CommandDef } from "citty"
import { readArguments } from "./command-line.ts"

/** A command ready to be run: its arguments for the usage, and what it does. */
export interface Command {
  readonly args: ArgsDef
  /** Answers with the exit code; nothing means what `process.exitCode` says. */
  readonly run: (raw: ReadonlyArray<string>) => Promise<unknown>
}

/** One line of the table of commands; the code is loaded when the command is used. */
export interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** A citty command with its arguments checked strictly. */
export const commandOf = async <T extends ArgsDef>(definition: CommandDef<T>): Promise<Command> => {
  const { args: given } = definition
  const args = await (typeof given === "function" ? given() : given)
  return {
    args: args ?? {},
    run: async (raw) =>
      definition.run?.({ rawArgs: [...raw], args: readArguments<T>(raw, args ?? {}), cmd: definition }),
  }
}
