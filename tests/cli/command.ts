import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The last line of stdout as JSON. */
  readonly json: () => Record<string, unknown>
}

/** A command that runs. */
export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? ""

/** The environment of a command: nothing that it would read of ours, or of who runs the tests. */
const environment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SENDSTATE|AWS)_/.test(name))),
  ...more,
})

/** Starts the real command line from source, in this folder; `input` is its stdin. */
export const start = (
  folder: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Running => {
  const child = spawn(process.execPath, ["--conditions=sendstate-source", bin, ...args], {
    cwd: folder,
    env: environment(env),
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  })
  child.stdin?.end(input)
  let stdout = ""
  let stderr = ""
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  const ended = once(child, "close").then(([code]) => ({
    code: typeof code === "number" ? code : null,
    stdout,
    stderr,
    json: () => JSON.parse(lastLine(stdout)) as Record<string, unknown>,
  }))
  return { process: child, ended }
}

/** Runs a command to its end. */
export const sendstate = (
  folder: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Promise<Ended> => start(folder, args, env, input).ended
